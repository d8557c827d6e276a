using System.Runtime.InteropServices;
using XtNotebooks.Kernel.Notebooks;

namespace XtNotebooks.Kernel.Cli;

/// <summary>Sees to it that a run that is ended from outside, or by a cell that exits the process, still writes what there is.</summary>
/// <remarks>The first Ctrl-C (or SIGTERM, SIGHUP) stops the running cell and with it the run; a second one ends the process at once,
/// after writing what there is.</remarks>
internal sealed class RunInterruption : IDisposable
{
    /// <summary>Signals this close together are one request: a terminal and a shell, or <c>timeout</c>, may each pass it on.</summary>
    private static readonly TimeSpan SameRequest = TimeSpan.FromSeconds(0.5);

    private readonly Action write;
    private readonly TextWriter error;
    private readonly CancellationTokenSource stop;
    private readonly TimeProvider time;
    private readonly PosixSignalRegistration[] signals;
    private readonly Lock gate = new();
    private long? stopped;
    private bool exiting;

    public RunInterruption(Action write, TextWriter error, TimeProvider time, CancellationToken cancellationToken)
    {
        this.write = write;
        this.error = error;
        this.time = time;
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
        lock (gate)
        {
            if (stopped is null)
            {
                stopped = time.GetTimestamp();
                context.Cancel = true;
            }
            else if (time.GetElapsedTime(stopped.Value) < SameRequest)
            {
                context.Cancel = true;
                return;
            }
            else if (!exiting)
            {
                exiting = true;
                context.Cancel = true;
            }
            else
            {
                return; // The third is left to its default and kills.
            }
        }
        if (exiting)
            Environment.Exit(ExitCode.CellFailed); // On the way WriteAtExit writes.
        else
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
