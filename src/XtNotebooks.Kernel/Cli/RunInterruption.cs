using System.Runtime.InteropServices;
using XtNotebooks.Kernel.Notebooks;

namespace XtNotebooks.Kernel.Cli;

/// <summary>Sees to it that a run that is ended from outside, or by a cell that exits the process, still writes what there is.</summary>
/// <remarks>The first Ctrl-C (or SIGTERM, SIGHUP) stops the running cell and with it the run; a second one ends the process at once.</remarks>
internal sealed class RunInterruption : IDisposable
{
    private readonly Action write;
    private readonly TextWriter error;
    private readonly CancellationTokenSource stop;
    private readonly PosixSignalRegistration[] signals;

    public RunInterruption(Action write, TextWriter error, CancellationToken cancellationToken)
    {
        this.write = write;
        this.error = error;
        stop = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        PosixSignal[] handled = [PosixSignal.SIGINT, PosixSignal.SIGTERM, PosixSignal.SIGHUP];
        signals = [.. handled.Select(signal => PosixSignalRegistration.Create(signal, Stop))];
        AppDomain.CurrentDomain.ProcessExit += WriteAtExit;
    }

    /// <summary>Is cancelled when the run shall end.</summary>
    public CancellationToken Token => stop.Token;

    public void Dispose()
    {
        AppDomain.CurrentDomain.ProcessExit -= WriteAtExit;
        foreach (var signal in signals)
            signal.Dispose();
        stop.Dispose();
    }

    private void Stop(PosixSignalContext context)
    {
        // Left to its default, the second signal ends the process, and on the way WriteAtExit writes.
        if (stop.IsCancellationRequested)
            return;
        context.Cancel = true;
        stop.Cancel();
    }

    private void WriteAtExit(object? sender, EventArgs e)
    {
        Environment.ExitCode = ExitCode.CellFailed;
        try
        {
            write();
            error.WriteLine($"{Environment.NewLine}xt-notebooks: the process was ended before the run was; what there was is written.");
        }
        catch (NotebookException refused)
        {
            error.WriteLine($"xt-notebooks: {refused.Message}");
        }
    }
}
