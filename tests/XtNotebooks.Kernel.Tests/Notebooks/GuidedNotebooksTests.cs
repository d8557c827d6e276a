using System.Text.RegularExpressions;
using AngleSharp.Dom;
using AngleSharp.Html.Parser;
using Markdig;
using Markdig.Syntax;
using Markdig.Syntax.Inlines;
using XtNotebooks.Kernel.Notebooks;

namespace XtNotebooks.Kernel.Tests.Notebooks;

/// <summary>What every notebook of the repository keeps to, and whether its page shows it as it is.</summary>
public sealed partial class GuidedNotebooksTests
{
    private const int LargestPage = 1_000_000;

    private static string Root { get; } = FindRoot();

    public static TheoryData<string> Names => [.. Directory.GetFiles(Path.Combine(Root, "notebooks"), "*.ipynb").Select(file => Path.GetFileNameWithoutExtension(file)!).Order(StringComparer.Ordinal)];

    [Fact]
    public void There_are_seven_numbered_from_one() =>
        Assert.Equal(["01", "02", "03", "04", "05", "06", "07"], Names.Select(name => name.Data[..2]));

    [Theory]
    [MemberData(nameof(Names))]
    public void A_notebook_is_committed_without_outputs_for_our_kernel_and_has_ten_to_twenty_cells(string name)
    {
        var notebook = Read(name);
        Assert.InRange(notebook.Cells.Count, 10, 20);
        Assert.All(notebook.CodeCells, cell => Assert.True(cell.Outputs.Count == 0 && cell.ExecutionCount is null, $"{name} holds outputs: {cell.Source[..20]}"));
        Assert.Equal(NotebookHost.XtNotebooks.Kernelspec.ToJsonString(), notebook.Metadata["kernelspec"]!.ToJsonString());
        Assert.Equal(notebook.Cells.Count, notebook.Cells.Select(cell => cell.Id).Distinct().Count());
    }

    [Theory]
    [MemberData(nameof(Names))]
    public void A_notebook_says_first_how_long_it_takes_what_one_should_know_and_where_its_page_is(string name)
    {
        var first = Read(name).Cells[0];
        Assert.Equal(CellKind.Markdown, first.Kind);
        Assert.StartsWith("# ", first.Source, StringComparison.Ordinal);
        Assert.Matches(@"(?i)minutes? (on a|to run|to read)", first.Source);
        Assert.Contains("You should ", first.Source, StringComparison.Ordinal);
        Assert.Contains($"](../docs/pages/{name}.html)", first.Source, StringComparison.Ordinal);
    }

    [Theory]
    [MemberData(nameof(Names))]
    public void Claims_are_switched_off_in_one_place(string name)
    {
        var notebook = Read(name);
        var parameters = Assert.Single(notebook.CodeCells, cell => cell.HasTag("parameters"));
        Assert.Contains("var checkClaims = true;", parameters.Source, StringComparison.Ordinal);
        var guard = Assert.Single(notebook.CodeCells, cell => cell.Source.Contains("void Claim(bool holds", StringComparison.Ordinal));
        Assert.Contains("if (checkClaims && !holds)", guard.Source, StringComparison.Ordinal);
        // Who plays from the command line has not read the cell above.
        Assert.Contains("set checkClaims = false.\"", guard.Source, StringComparison.Ordinal);
        // Asserted in quiet cells alone, and there by nothing else.
        var quiet = notebook.CodeCells.Where(cell => cell.HasTag("quiet")).ToList();
        Assert.NotEmpty(quiet);
        Assert.All(quiet, cell => Assert.True(Regex.Count(cell.Source, @"\bClaim\(") >= 5 && !cell.Source.Contains("throw", StringComparison.Ordinal)));
        Assert.All(quiet, cell => Assert.True((bool?)cell.Metadata["jupyter"]?["source_hidden"]));
        Assert.All(notebook.CodeCells.Except(quiet).Where(cell => cell != guard), cell => Assert.DoesNotContain("Claim(", cell.Source, StringComparison.Ordinal));
    }

    [Theory]
    [MemberData(nameof(Names))]
    public void A_notebook_has_an_exercise_whose_solution_is_closed(string name)
    {
        var text = string.Join("\n", Read(name).Cells.Where(cell => cell.Kind == CellKind.Markdown).Select(cell => cell.Source));
        Assert.Matches("(?i)## .*exercise", text);
        Assert.Contains("<details><summary>Solution</summary>", text, StringComparison.Ordinal);
        // Not every front end hides the cell that checks the solution.
        Assert.Contains("// The exercise's solution", Read(name).Cells[^1].Source, StringComparison.Ordinal);
    }

    [Theory]
    [MemberData(nameof(Names))]
    public void Links_of_a_notebook_lead_to_files_that_there_are(string name)
    {
        var links = Read(name).Cells.Where(cell => cell.Kind == CellKind.Markdown)
            .SelectMany(cell => Markdown.Parse(cell.Source).Descendants<LinkInline>()).Select(link => link.Url!);
        AssertThere(links, Path.Combine(Root, "notebooks"));
    }

    [Theory]
    [MemberData(nameof(Names))]
    public void A_page_shows_its_notebook_as_it_is_now(string name)
    {
        var page = Page(name);
        var told = SourceOfPage().Match(page);
        Assert.True(told.Success && told.Groups[1].Value == NotebookSource.Fingerprint(Read(name)),
            $"docs/pages/{name}.html is older than notebooks/{name}.ipynb: run docs/pages/refresh {name}.");
        Assert.DoesNotContain("class=\"out error\"", page, StringComparison.Ordinal);
    }

    [Theory]
    [MemberData(nameof(Names))]
    public void A_page_is_small_runs_nothing_and_its_links_lead_somewhere(string name)
    {
        var page = Page(name);
        Assert.True(page.Length < LargestPage, $"docs/pages/{name}.html has {page.Length} characters.");
        Assert.DoesNotContain("<script", page, StringComparison.OrdinalIgnoreCase);
        Assert.DoesNotContain("script-src", page, StringComparison.Ordinal);
        Assert.Contains("class=\"xt xt-", page, StringComparison.Ordinal);
        AssertThere(Link().Matches(page).Select(match => System.Net.WebUtility.HtmlDecode(match.Groups[1].Value)), Path.Combine(Root, "docs", "pages"));
    }

    [Theory]
    [MemberData(nameof(Names))]
    public void The_first_thing_shown_is_a_picture_and_within_a_section_pictures_stand_before_tables(string name)
    {
        // Headings of sections, and what cells show below them; plain text aside.
        var shown = new HtmlParser().ParseDocument(Page(name)).QuerySelectorAll("h2, .outs .rich > .xt, .outs .rich > table").ToList();
        Assert.True(IsPicture(shown.First(element => element.LocalName != "h2")), $"{name} should show a picture first.");
        string[] kinds = [.. shown.Select(element => element.LocalName == "h2" ? $"\n{element.TextContent}: " : IsPicture(element) ? "p" : "t")];
        foreach (var section in string.Concat(kinds).Split('\n'))
            Assert.DoesNotMatch("(^|: )t+p[pt]*$", section);

        // What a model consists of is a list.
        static bool IsPicture(IElement element) => element.LocalName == "div" && !element.ClassList.Contains("xt-model");
    }

    private static void AssertThere(IEnumerable<string> links, string folder) =>
        Assert.All(links.Where(link => !link.Contains("://", StringComparison.Ordinal) && link[0] != '#'), link =>
            Assert.True(Path.Exists(Path.Combine(folder, Uri.UnescapeDataString(link.Split('#')[0]))), $"{link} leads nowhere."));

    internal static string File(string name) => Path.Combine(Root, "notebooks", name + ".ipynb");

    private static NotebookDocument Read(string name) => NotebookDocument.Read(File(name));

    private static string Page(string name) => System.IO.File.ReadAllText(Path.Combine(Root, "docs", "pages", name + ".html"));

    private static string FindRoot()
    {
        for (var folder = new DirectoryInfo(AppContext.BaseDirectory); folder is not null; folder = folder.Parent)
        {
            if (System.IO.File.Exists(Path.Combine(folder.FullName, "XtNotebooks.sln")))
                return folder.FullName;
        }
        throw new DirectoryNotFoundException("The tests run outside the repository.");
    }

    [GeneratedRegex("<meta name=\"notebook-source\" content=\"([0-9a-f]{32})\">")]
    private static partial Regex SourceOfPage();

    [GeneratedRegex("<a\\b[^>]*\\bhref=\"([^\"]+)\"")]
    private static partial Regex Link();
}
