using System.Security.Cryptography;
using System.Text;
using System.Text.Json;
using System.Text.RegularExpressions;
using XtNotebooks.Views;

namespace XtNotebooks.Tests.Views;

/// <summary>The pictures in docs/views are of the views as they are. What each was taken of stands in pictures.json beside them, which docs/views/refresh
/// writes as it takes them: so this needs no browser.</summary>
[Collection(Diagnostics.DefaultGenerator.Name)]
public sealed partial class PictureTests
{
    /// <summary>What multiplies matrices or draws random numbers has other last digits on other machines.</summary>
    private static readonly string[] computed = ["attention", "loss-by-position", "tensor-complex", "doctor"];

    [Fact]
    public void No_picture_is_older_than_its_view()
    {
        var taken = Taken();
        var old = Samples.All.Where(sample => taken.GetValueOrDefault(sample.Name) != Print(sample.Name, sample.View.ToHtml())).Select(sample => sample.Name).ToList();
        Assert.True(old.Count == 0, $"Older than their views are the pictures {string.Join(", ", old)} in docs/views; take them anew, and look at them: docs/views/refresh {string.Join(' ', old)}");
    }

    [Fact]
    public void Every_view_of_the_gallery_has_two_pictures_and_every_picture_is_of_a_view()
    {
        var names = Samples.All.Select(sample => sample.Name).Order(StringComparer.Ordinal).ToList();
        Assert.Equal(names, Taken().Keys.Order(StringComparer.Ordinal));
        Assert.Equal(names.SelectMany(name => new[] { $"{name}-dark.png", $"{name}-light.png" }).Order(StringComparer.Ordinal),
            Directory.GetFiles(Folder, "*.png").Select(file => Path.GetFileName(file)).Order(StringComparer.Ordinal));
        var page = File.ReadAllText(Path.Combine(Folder, "README.md"));
        Assert.All(names, name => Assert.Contains($"| [`{name}`]({name}-light.png)", page, StringComparison.Ordinal));
    }

    [Fact]
    public void A_print_tells_another_view_and_passes_over_what_is_the_machines()
    {
        var view = Samples.Attention();
        Assert.Equal(Print("attention", view.ToHtml()), Print("attention", (view with { Heads = [.. view.Heads.Select(head => head with { Weights = [.. head.Weights.Select(w => w * 0.99f)] })] }).ToHtml()));
        Assert.NotEqual(Print("attention", view.ToHtml()), Print("attention", (view with { Title = "Another" }).ToHtml()));
        var chart = Samples.Run("run", 9, 1, 2, 3).ToChart().ToHtml();
        Assert.Equal(Print("run", chart), Print("run", Payload().Replace(chart, "packed otherwise")));
        Assert.NotEqual(Print("run", chart), Print("run", chart.Replace("font:13px", "font:14px", StringComparison.Ordinal)));
        Assert.NotEqual(Print("run", chart), Print("run", Samples.Run("run", 9, 1, 2.2, 3).ToChart().ToHtml()));
    }

    /// <summary>A short sum of what a picture of a page shows.</summary>
    public static string Print(string name, string html)
    {
        var shown = Png().Replace(Payload().Replace(Id().Replace(html, "id"), ""), "");
        if (computed.Contains(name))
            shown = string.Concat(Style().Matches(shown).Select(match => match.Value)) + Number().Replace(Picture().Replace(Style().Replace(shown, ""), ""), "#");
        return Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(shown)).AsSpan(0, 8));
    }

    private static string Folder => Path.Combine(Snapshot.Root, "docs", "views");

    private static Dictionary<string, string> Taken() =>
        JsonSerializer.Deserialize<Dictionary<string, string>>(File.ReadAllText(Path.Combine(Folder, "pictures.json")))!;

    [GeneratedRegex("xt-[a-z]+-[0-9a-f]{10}")]
    private static partial Regex Id();

    // How both are compressed is the machine's own affair.
    [GeneratedRegex("(?<=data-xt-script=\"[^\"]*\">)[^<]*")]
    private static partial Regex Payload();

    [GeneratedRegex("(?<=data:image/png;base64,)[A-Za-z0-9+/=]+")]
    private static partial Regex Png();

    [GeneratedRegex("(?<=data:image/svg\\+xml;base64,)[A-Za-z0-9+/=]+")]
    private static partial Regex Picture();

    [GeneratedRegex("<(style|script)[ >].*?</\\1>", RegexOptions.Singleline)]
    private static partial Regex Style();

    [GeneratedRegex(@"[−-]?\d[\d.,]*( ?[kMG](iB)?\b)?")]
    private static partial Regex Number();
}
