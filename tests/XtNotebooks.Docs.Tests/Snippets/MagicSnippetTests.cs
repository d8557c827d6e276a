using Markdig;
using Markdig.Syntax;
using Markdig.Syntax.Inlines;
using XtNotebooks.Extensibility;
using XtNotebooks.Kernel.Scripting;

namespace XtNotebooks.Docs.Tests.Snippets;

/// <summary>Lines that begin with <c>#!</c>, in blocks of any language or none and within sentences: the magics' own definitions read them.</summary>
public sealed class MagicSnippetTests
{
    /// <summary>Pages about a magic of the reader's own, or of another host.</summary>
    private static readonly string[] Others = ["docs/extending.md", "docs/migrating-from-dotnet-interactive.md", "src/XtNotebooks.Extensibility/README.md"];

    public static TheoryData<string> Lines => [.. Repository.Pages.Except(Others).SelectMany(Snippet.Of).SelectMany(snippet => snippet.Code.Split('\n'))
        .Select(line => line.Trim()).Where(line => line.StartsWith("#!", StringComparison.Ordinal)).Distinct()];

    /// <summary>Calls within a sentence, with their options; a name by itself only has to be a magic's.</summary>
    public static TheoryData<string> Inline => [.. Repository.Pages.Except(Others).SelectMany(page => Markdown.Parse(Repository.Read(page)).Descendants<LeafBlock>())
        .Where(block => block is not HeadingBlock).SelectMany(block => block.Inline?.Descendants<CodeInline>() ?? [])
        .Select(code => code.Content).Where(code => code.StartsWith("#!", StringComparison.Ordinal) && code.Length > 2 && !code.Contains('…', StringComparison.Ordinal)).Distinct()];

    [Fact]
    public void Sentences_hold_calls() => Assert.Contains(Inline, row => row.Data.StartsWith("#!xt-doctor --", StringComparison.Ordinal));

    [Theory]
    [MemberData(nameof(Inline))]
    public async Task A_magic_in_a_sentence_is_one_that_there_is_with_options_it_has(string call)
    {
        if (call.Contains(' ', StringComparison.Ordinal))
        {
            await A_magic_on_a_page_is_one_that_there_is_with_options_it_has(call);
            return;
        }
        await using var session = CodeSession.Create(new CodeSessionOptions());
        Assert.Contains(call, Magics.All.Concat(session.Magics.All).Select(magic => magic.Name));
    }

    [Theory]
    [MemberData(nameof(Lines))]
    public async Task A_magic_on_a_page_is_one_that_there_is_with_options_it_has(string line)
    {
        await using var session = CodeSession.Create(new CodeSessionOptions());
        var magic = Magics.All.Concat(session.Magics.All).FirstOrDefault(magic => magic.Name == MagicLine.NameOf(line));
        Assert.True(magic is not null, $"There is no magic for: {line}");
        // No cell has declared the variables that the line names: any word may stand for one.
        var read = new MagicCommand
        {
            Name = magic.Name, Summary = magic.Summary, Run = magic.Run,
            Options = [.. magic.Options.Select(option => option with { Type = IsVariable(option.Type) ? typeof(string) : option.Type })],
        };
        Assert.Null(Record.Exception(() => MagicBinder.Bind(read, MagicLine.Parse(line), "", session.Notebook))?.Message);
    }

    private static bool IsVariable(Type type) =>
        (Nullable.GetUnderlyingType(type) ?? type) is { IsEnum: false, IsPrimitive: false };
}
