using TorchSharp;
using XtNotebooks.Diagnostics;

namespace XtNotebooks.Tests.Diagnostics;

/// <summary>Every sick set-up is named, and no healthy one accused.</summary>
[Collection(DefaultGenerator.Name)]
public sealed class GalleryTests
{
    internal static IReadOnlyList<Case> Sick { get; } = [.. SickLosses.All(), .. SickModels.All()];

    internal static IReadOnlyList<Case> Well { get; } = [.. Healthy.All()];

    public static TheoryData<string> SickNames => [.. Sick.Select(c => c.Name)];

    public static TheoryData<string> WellNames => [.. Well.Select(c => c.Name)];

    [Theory]
    [MemberData(nameof(SickNames))]
    public void A_sick_set_up_is_named(string name)
    {
        var it = Sick.Single(c => c.Name == name);
        var report = Examined(it);
        Assert.True(report.Findings.Any(f => f.Check == it.Sick && (f.Severity > Severity.Advice || it.Sick == "initial-loss")), report.ToText());
        var roots = report.Findings.Where(f => f.Severity > Severity.Advice && f.FollowsFrom is null).Select(f => f.Check).Distinct();
        Assert.True(roots.All(check => check == it.Sick || it.Also.Contains(check)), report.ToText());
    }

    [Theory]
    [MemberData(nameof(WellNames))]
    public void A_healthy_set_up_is_not_accused(string name)
    {
        var report = Examined(Well.Single(c => c.Name == name));
        Assert.False(report.IsSick, report.ToText());
        report.ThrowIfSick();
    }

    [Fact]
    public void Every_check_has_at_least_two_sick_set_ups()
    {
        foreach (var check in Doctor.Checks)
            Assert.True(Sick.Count(c => c.Sick == check.Name) >= 2, check.Name);
        Assert.Equal(Enumerable.Range(1, 17), Doctor.Checks.Select(c => c.Number).Order());
    }

    private static readonly Dictionary<Case, DoctorReport> Reports = [];

    /// <summary>A case's report, made once: the tests of this collection run one after the other.</summary>
    internal static DoctorReport Examined(Case it)
    {
        if (!Reports.TryGetValue(it, out var report))
        {
            using var scope = torch.NewDisposeScope();
            Reports[it] = report = it.Examine();
        }
        return report;
    }
}
