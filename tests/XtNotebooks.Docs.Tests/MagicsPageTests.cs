using System.Globalization;
using System.Text;
using XtNotebooks.Extensibility;
using XtNotebooks.Kernel.Scripting;

namespace XtNotebooks.Docs.Tests;

/// <summary>docs/magics.md is made from the magics' own definitions.</summary>
public sealed class MagicsPageTests
{
    private const string Head = """
        # Magics

        A line that begins with `#!` calls a magic. Options are given as `--name value`; a value may be a variable of the notebook, by its name (or
        `@name`, where the text itself would do as well). Every magic answers `--help`, names and values are completed, and errors are one sentence.
        Each is a thin call of a public C# API that works as well without it.

        This page is made by the tests: `XT_ACCEPT_SNAPSHOTS=1` writes it anew.

        """;

    [Fact]
    public async Task The_page_of_magics_says_what_the_definitions_say()
    {
        await using var session = CodeSession.Create(new CodeSessionOptions());
        var text = new StringBuilder(Head).Append('\n');
        text.Append("## Of the package XtNotebooks\n\n");
        foreach (var magic in Magics.All)
            Describe(text, magic);
        text.Append("## Of the kernel, in every notebook\n\n");
        foreach (var magic in session.Magics.All)
            Describe(text, magic);
        Repository.IsWritten("docs/magics.md", text.ToString().TrimEnd() + "\n");
    }

    private static void Describe(StringBuilder text, MagicCommand magic)
    {
        text.Append(CultureInfo.InvariantCulture, $"### `{magic.Name}`\n\n{magic.Summary}{(magic.TakesBody ? " The lines below it belong to it." : "")}\n\n");
        if (magic.Options.Count > 0)
        {
            text.Append("| option | value | default | what it means |\n| --- | --- | --- | --- |\n");
            foreach (var option in magic.Options)
                text.Append(CultureInfo.InvariantCulture, $"| `{option.Name}`{(option.Positional ? ", or the first word" : "")} | {Value(option)} | {Default(option)} | {Cell(option.Summary)} |\n");
            text.Append('\n');
        }
        if (magic.Examples.Count > 0)
            text.Append("```text\n").AppendJoin('\n', magic.Examples).Append("\n```\n\n");
    }

    private static string Value(MagicOption option)
    {
        var type = Nullable.GetUnderlyingType(option.Type) ?? option.Type;
        if (type == typeof(bool))
            return "none: a flag";
        if (type.IsEnum)
            return string.Join(", ", Enum.GetNames(type).Select(name => $"`{MagicHelp.Kebab(name)}`"));
        if (type == typeof(string))
            return "text";
        if (option.Default is string)
            return "text or a variable";
        if (type == typeof(int) || type == typeof(long))
            return "a whole number";
        return type == typeof(double) || type == typeof(float) ? "a number" : "a variable";
    }

    private static string Default(MagicOption option) => option.Required ? "required"
        : option.Default is null or false or "" ? ""
        : option.Default.GetType().IsEnum ? $"`{MagicHelp.Kebab(option.Default.ToString()!)}`"
        : $"`{Convert.ToString(option.Default, CultureInfo.InvariantCulture)}`";

    private static string Cell(string text) => text.Replace("|", "\\|", StringComparison.Ordinal).Replace("<", "&lt;", StringComparison.Ordinal);
}
