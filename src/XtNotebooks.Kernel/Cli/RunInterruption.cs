using System.Runtime.InteropServices;
using XtNotebooks.Kernel.Notebooks;

namespace XtNotebooks.Kernel.Cli;

/// <summary>Sees to it that a run that is ended from outside, or by a cell that exits the process, still writes what there is.</summary>
/// <remarks>The first Ctrl-C (or SIGTERM, SIGHUP) stops the running cell and with it the run; a second one ends the process at once,
/// after writing what there is.</remarks>
internal sealed class RunInterruption : IDisposable
{
    private readonly Func<bool, bool> write;
    private readonly TextWriter error;
    private readonly CancellationTokenSource stop;
    private readonly StopRequests requests;
    private readonly PosixSignalRegistration[] signals;
    private volatile bool exiting;

    /// <param name="write">Writes what there is, given whether the end was asked for; whether somebody else tells of it.</param>
    /// <param name="error">Where the end is told.</param>
    /// <param name="time">The clock.</param>
    /// <param name="cancellationToken">Asks for the end, too.</param>
    public RunInterruption(Func<bool, bool> write, TextWriter error, TimeProvider time, CancellationToken cancellationToken)
    {
        this.write = write;
        this.error = error;
        requests = new StopRequests(time);
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
        var request = requests.Next();
        context.Cancel = request != StopRequest.Kill;
        if (request == StopRequest.Stop)
        {
            stop.Cancel();
        }
        else if (request == StopRequest.Exit)
        {
            exiting = true;
            Environment.Exit(ExitCode.CellFailed); // On the way WriteAtExit writes.
        }
    }

    private void WriteAtExit(object? sender, EventArgs e)
    {
        try
        {
            if (write(exiting))
                return;
            Environment.ExitCode = ExitCode.CellFailed;
            error.WriteLine($"{Environment.NewLine}xt-notebooks: the process was ended before the run was; what there was is written.");
        }
        catch (NotebookException refused)
        {
            Environment.ExitCode = ExitCode.CellFailed;
            error.WriteLine($"xt-notebooks: {refused.Message}");
        }
    }
}
