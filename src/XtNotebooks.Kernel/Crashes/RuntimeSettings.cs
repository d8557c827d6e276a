namespace XtNotebooks.Kernel.Crashes;

/// <summary>What the runtime of the process that runs cells reads from its environment alone; the reader's own values come before these.</summary>
internal static class RuntimeSettings
{
    /// <summary>The compiler was compiled ahead: what of it is used often is compiled once more, well, without first being compiled to be counted,
    /// which takes a third of a session's processor time and 15 MiB. Code of cells is counted as ever.</summary>
    public static IReadOnlyDictionary<string, string> ForCells { get; } = new Dictionary<string, string>
    {
        ["DOTNET_TieredPGO_InstrumentOnlyHotCode"] = "0",
    };

    /// <summary>What cells start has a runtime of its own.</summary>
    public static void Forget()
    {
        foreach (var (name, value) in ForCells)
        {
            if (Environment.GetEnvironmentVariable(name) == value)
                Environment.SetEnvironmentVariable(name, null);
        }
    }
}
