namespace XtNotebooks.Kernel.Jupyter.Output;

/// <summary>How much of one cell's output goes to the front end before the rest is kept aside in a file.</summary>
/// <param name="Characters">Of text on the streams, and of one representation of a display.</param>
/// <param name="KeptCharacters">Of what the file takes at most, for a loop that never stops writing.</param>
/// <param name="Folder">Makes, on first need, the folder for such files.</param>
/// <param name="Displays">How many displays; a browser can hardly show more.</param>
/// <param name="DisplayCharacters">Of all displays together.</param>
/// <param name="HowLong">For how long the files are there, as the note adds it.</param>
/// <param name="ErrorCharacters">Of an error's message, and of each line of its traceback.</param>
internal sealed record OutputLimit(
    long Characters, long KeptCharacters, Func<string> Folder, int Displays = 2_000, long DisplayCharacters = 200_000_000,
    string HowLong = " while this kernel runs", int ErrorCharacters = 20_000)
{
    /// <summary>20 million characters shown and 500 million kept; 2,000 displays of 200 million characters.</summary>
    public static OutputLimit Default(Func<string> folder) => new(20_000_000, 500_000_000, folder);

    /// <summary>The same for a notebook that is run to a file, with a folder beside it that stays.</summary>
    /// <param name="notebook">The file.</param>
    public static OutputLimit Beside(string notebook) => Default(() =>
        Directory.CreateDirectory(Path.Combine(Path.GetDirectoryName(Path.GetFullPath(notebook))!,
            Path.GetFileNameWithoutExtension(notebook) + ".outputs")).FullName) with { HowLong = "" };
}
