namespace XtNotebooks.Docs.Tests.Snippets;

/// <summary>A page's C# is a notebook: its blocks run one after the other, as a reader would type them.</summary>
public sealed class CSharpSnippetTests
{
    public static TheoryData<string> PagesWithCode => [.. Snippet.All("csharp").Select(snippet => snippet.Page).Distinct()];

    [Theory]
    [MemberData(nameof(PagesWithCode))]
    public Task The_code_of_a_page_runs_from_top_to_bottom(string page) => TriedNotebook.RunAsync(page,
        Snippet.Of(page).Where(snippet => snippet.Language == "csharp").SelectMany(snippet => new[] { snippet.Before, snippet.Code }).Where(code => code.Length > 0),
        TestContext.Current.CancellationToken);
}
