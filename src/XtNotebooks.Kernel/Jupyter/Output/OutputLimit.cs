namespace XtNotebooks.Kernel.Jupyter.Output;

/// <summary>How much of one cell's output goes to the front end before the rest is kept aside in a file.</summary>
/// <param name="Characters">Of text on the streams, and of one representation of a display.</param>
/// <param name="KeptCharacters">Of what the file takes at most, for a loop that never stops writing.</param>
/// <param name="Folder">Makes, on first need, the folder for such files.</param>
internal sealed record OutputLimit(long Characters, long KeptCharacters, Func<string> Folder)
{
    /// <summary>20 million characters shown and 500 million kept.</summary>
    public static OutputLimit Default(Func<string> folder) => new(20_000_000, 500_000_000, folder);
}
