using System.Diagnostics;
using System.Text.RegularExpressions;
using XtNotebooks.Kernel.Cli;

namespace XtNotebooks.Docs.Tests.Snippets;

/// <summary>What the pages tell a reader to type: it is shell, and our own commands take it.</summary>
public sealed partial class ShellSnippetTests
{
    /// <summary>Programs of others that the pages name.</summary>
    private static readonly string[] Others = ["dotnet", "git", "cd", "export", "jupyter", "code", "docker", "tests/packages/run", "tests/binder/run",
        "tests/jupyter/run", "tests/browser/run", ".ci/run", "bench/kernel.py", "pip", "torchrun"];

    public static TheoryData<string> Lines => [.. Snippet.All("sh").SelectMany(Commands).Distinct()];

    [Fact]
    public void Every_block_is_shell()
    {
        foreach (var snippet in Snippet.All("sh"))
        {
            using var shell = Process.Start(new ProcessStartInfo("bash", ["-n", "-c", snippet.Code]) { RedirectStandardError = true })!;
            var errors = shell.StandardError.ReadToEnd();
            shell.WaitForExit();
            Assert.True(shell.ExitCode == 0, $"{snippet}: {errors}");
        }
    }

    [Theory]
    [MemberData(nameof(Lines))]
    public void A_command_is_one_that_there_is(string line)
    {
        var words = Words(line).ToList();
        while (words.Count > 0 && words[0].Contains('=') && !words[0].StartsWith('-'))
            words.RemoveAt(0); // VARIABLE=value before the command
        if (words.Count == 0)
            return;
        var program = words[0];
        Assert.True(Others.Contains(program) || program == "xt-notebooks", $"'{program}' is no command these pages may name; if it is meant, add it to the test.");
        if (program.Contains('/'))
            Assert.True(File.Exists(Path.Combine(Repository.Root, program)), $"There is no {program}.");
        if (OurArguments(words) is { } arguments)
            Assert.Empty(Tool.CreateRoot().Parse(arguments).Errors.Select(error => error.Message));
        foreach (var word in words.Where(word => word.StartsWith("src/", StringComparison.Ordinal) || word.StartsWith("tests/", StringComparison.Ordinal)
            || word.StartsWith("bench/", StringComparison.Ordinal) || word.StartsWith("notebooks/", StringComparison.Ordinal)))
        {
            var path = Path.Combine(Repository.Root, word);
            Assert.True(File.Exists(path) || Directory.Exists(path) || word.Contains("/bin/", StringComparison.Ordinal), $"There is no {word}.");
        }
    }

    /// <summary>What follows <c>xt-notebooks</c>, however it is started; null where the command is another.</summary>
    private static List<string>? OurArguments(List<string> words)
    {
        if (words[0] == "xt-notebooks")
            return words[1..];
        if (words[0] != "dotnet")
            return null;
        if (words.Count > 1 && words[1].EndsWith("XtNotebooks.Kernel.dll", StringComparison.Ordinal))
            return words[2..];
        return words.Contains("src/XtNotebooks.Kernel") && words.IndexOf("--") is > 0 and var separator ? words[(separator + 1)..] : null;
    }

    private static IEnumerable<string> Commands(Snippet snippet) =>
        Continued().Replace(snippet.Code, " ").Split(["\n", "&&", "||"], StringSplitOptions.RemoveEmptyEntries)
            .Select(line => Comment().Replace(line, "").Trim()).Where(line => line.Length > 0);

    private static IEnumerable<string> Words(string line) => Word().Matches(line).Select(match => match.Value.Trim('"', '\''));

    [GeneratedRegex(@"\\\n")]
    private static partial Regex Continued();

    [GeneratedRegex(@"(^|\s)#.*$")]
    private static partial Regex Comment();

    [GeneratedRegex("\"[^\"]*\"|'[^']*'|\\S+")]
    private static partial Regex Word();
}
