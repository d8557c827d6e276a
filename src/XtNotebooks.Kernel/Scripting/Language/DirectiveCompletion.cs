using NuGet.Versioning;
using XtNotebooks.Extensibility;
using XtNotebooks.Kernel.Magics;
using XtNotebooks.Kernel.Packages;

namespace XtNotebooks.Kernel.Scripting.Language;

/// <summary>Completion of lines that are no C#: magics with their options and values, package names, file paths.</summary>
internal sealed class DirectiveCompletion(MagicTable magics, INotebook notebook, string workingDirectory)
{
    private const int MostMatches = 200;

    /// <summary>Null where the line at the position is C#.</summary>
    public CompletionReply? TryComplete(string code, int position)
    {
        var start = position == 0 ? 0 : code.LastIndexOf('\n', position - 1) + 1;
        var line = code[start..position];
        if (line.TrimStart().StartsWith("#!", StringComparison.Ordinal))
            return Magic(line, start, position);
        var quote = line.IndexOf('"', StringComparison.Ordinal);
        if (quote < 0 || !line.TrimStart().StartsWith('#') || line.IndexOf('"', quote + 1) >= 0)
            return null;
        var text = line[(quote + 1)..];
        // #i takes a feed: an address, or a folder.
        if (line.TrimStart().StartsWith("#i", StringComparison.Ordinal) && !line.TrimStart().StartsWith("#if", StringComparison.Ordinal))
            return Reply(position, position, []);
        return text.StartsWith("nuget:", StringComparison.OrdinalIgnoreCase)
            ? Package(text, position, code)
            : PathCompletion.Files(
                text, start + quote + 1, position, workingDirectory, entry => entry.Extension is ".dll" or ".cs" or ".csx" or ".nupkg");
    }

    private CompletionReply Magic(string line, int start, int position)
    {
        var word = line[(line.LastIndexOfAny([' ', '\t']) + 1)..];
        var from = start + line.Length - word.Length;
        var name = MagicLine.NameOf(line);
        if (word.StartsWith("#!", StringComparison.Ordinal))
        {
            return Reply(from, position, magics.All.Where(magic => magic.Name.StartsWith(word, StringComparison.Ordinal))
                .Select(magic => new CompletionMatch(magic.Name, "magic", magic.Summary)));
        }
        if (magics.Find(name) is not { } found)
            return Reply(position, position, []);
        var before = line[..(line.Length - word.Length)].Trim().Split((char[])[' ', '\t'], StringSplitOptions.RemoveEmptyEntries);
        var previous = found.Options.FirstOrDefault(option => option.Name == before[^1]);
        if (word.StartsWith('-') || (word.Length == 0 && (previous is null || previous.Type == typeof(bool)) && !found.Options.Any(option => option.Positional)))
        {
            return Reply(from, position, found.Options.Where(option => option.Name.StartsWith(word, StringComparison.Ordinal) && !before.Contains(option.Name))
                .Select(option => new CompletionMatch(option.Name, "option", option.Summary))
                .Append(new CompletionMatch("--help", "option", "Tells how the magic is called."))
                .Where(match => match.Text.StartsWith(word, StringComparison.Ordinal)));
        }
        var asked = previous ?? found.Options.FirstOrDefault(option => option.Positional);
        return Reply(from, position, asked is null ? [] : Values(asked).Where(match => match.Text.StartsWith(word, StringComparison.OrdinalIgnoreCase)));
    }

    private IEnumerable<CompletionMatch> Values(MagicOption option) =>
        option.Suggest(notebook).Select(suggestion => new CompletionMatch(suggestion.Text, suggestion.Kind, suggestion.Detail));

    /// <summary>Packages that the machine has already, so that no network is asked.</summary>
    /// <param name="text">What the quotes hold up to the position.</param>
    /// <param name="position">Where the reader types.</param>
    /// <param name="code">The cell.</param>
    private CompletionReply Package(string text, int position, string code)
    {
        string packages;
        try
        {
            packages = NuGetRestore.PackageFolder(workingDirectory);
        }
        catch (PackageException)
        {
            // The restore will say what is wrong.
            return Reply(position, position, []);
        }
        var body = text["nuget:".Length..];
        var comma = body.IndexOf(',', StringComparison.Ordinal);
        var typed = (comma < 0 ? body : body[(comma + 1)..]).TrimStart();
        var folder = comma < 0 ? packages : Path.Combine(packages, body[..comma].Trim().ToLowerInvariant());
        if (!Directory.Exists(folder))
            return Reply(position, position, []);
        var found = Directory.EnumerateDirectories(folder)
            .Where(path => Path.GetFileName(path).StartsWith(typed, StringComparison.OrdinalIgnoreCase));
        var matches = comma < 0
            ? found.Order(StringComparer.Ordinal).Take(MostMatches).Select(path => new CompletionMatch(ProperName(path), "package", ""))
            // The newest first.
            : found.Select(path => Path.GetFileName(path)).OrderByDescending(name => NuGetVersion.TryParse(name, out var version) ? version : null)
                .Take(MostMatches).Select(name => new CompletionMatch(name, "version", ""));
        return Reply(position - typed.Length, typed.Length == 0 ? position : EndOfPart(code, position), matches);
    }

    /// <summary>Where the id or version ends that is being changed: it is replaced whole.</summary>
    private static int EndOfPart(string code, int position)
    {
        var length = code.AsSpan(position).IndexOfAny("\", \r\n");
        return length < 0 ? code.Length : position + length;
    }

    /// <summary>The cache's folders are in lower case; the file of the package's description has its name as its author writes it.</summary>
    private static string ProperName(string folder)
    {
        var id = Path.GetFileName(folder);
        foreach (var version in Directory.EnumerateDirectories(folder))
        {
            var nuspec = Path.Combine(version, id + ".nuspec");
            if (!File.Exists(nuspec))
                continue;
            var text = File.ReadAllText(nuspec);
            var from = text.IndexOf("<id>", StringComparison.OrdinalIgnoreCase);
            var to = from < 0 ? -1 : text.IndexOf("</id>", from, StringComparison.OrdinalIgnoreCase);
            if (to > 0)
                return text[(from + 4)..to].Trim();
        }
        return id;
    }

    private static CompletionReply Reply(int start, int end, IEnumerable<CompletionMatch> matches) => new(start, end, [.. matches]);
}
