namespace XtNotebooks.Kernel.Cli;

/// <summary>What the process tells the shell.</summary>
internal static class ExitCode
{
    /// <summary>Everything asked for was done; for a run, every cell ran.</summary>
    public const int Ok = 0;

    /// <summary>A cell failed, was stopped, or was never reached.</summary>
    public const int CellFailed = 1;

    /// <summary>The command line, or a file that it names, cannot be used.</summary>
    public const int Usage = 2;
}
