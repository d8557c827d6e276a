namespace XtNotebooks.Diagnostics;

/// <summary>Tells causes from what follows from them: one bug often fails several checks.</summary>
internal static class Consequences
{
    public static IReadOnlyList<CheckOutcome> Mark(IReadOnlyList<CheckOutcome> outcomes)
    {
        var found = outcomes.Where(o => o.Findings.Any(f => f.Severity > Severity.Advice)).Select(o => o.Check.Name).ToHashSet();
        return [.. outcomes.Select(o => o.Findings.Count == 0 || !AllChecks.Causes.TryGetValue(o.Check.Name, out var causes) ? o
            : causes.FirstOrDefault(found.Contains) is { } cause ? o with { Findings = [.. o.Findings.Select(f => f with { FollowsFrom = cause })] } : o)];
    }
}
