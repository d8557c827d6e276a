namespace XtNotebooks.Kernel.Scripting;

/// <summary>What a <see cref="CodeSession"/> needs to know of its surroundings.</summary>
internal sealed record CodeSessionOptions
{
    /// <summary>The notebook's folder: relative paths and NuGet.config are looked up from here.</summary>
    public string WorkingDirectory { get; init; } = Environment.CurrentDirectory;

    /// <summary>Where answers that take long to find are kept across processes.</summary>
    public string CacheDirectory { get; init; } = Path.Combine(
        Environment.GetEnvironmentVariable("XDG_CACHE_HOME") is { Length: > 0 } cache
            ? cache
            : Path.Combine(Environment.GetFolderPath(Environment.SpecialFolder.UserProfile), ".cache"),
        "xt-notebooks");

    /// <summary>The clock.</summary>
    public TimeProvider TimeProvider { get; init; } = TimeProvider.System;

    /// <summary>Whether <c>#!sh</c> may run shell commands.</summary>
    public bool AllowShell { get; init; }

    /// <summary>Whether the front end shows updates of an output whose cell has ended (a live kernel: yes; a headless run: no).</summary>
    public bool CanUpdateAfterCell { get; init; } = true;

    /// <summary>How long an interrupted cell may take to stop before it is left behind on its thread.</summary>
    public TimeSpan AbandonAfter { get; init; } = TimeSpan.FromSeconds(0.9);

    /// <summary>How long what cleans up in an interrupted cell may go on; half of <see cref="AbandonAfter"/> at most.</summary>
    public TimeSpan CleanUpFor { get; init; } = TimeSpan.FromSeconds(0.45);

    /// <summary>How many calls of asynchronous functions one call may lead to that have not ended.</summary>
    public int MostAsyncCalls { get; init; } = CallChain.MostHere;
}
