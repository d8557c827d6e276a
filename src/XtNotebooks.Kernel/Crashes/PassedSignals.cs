using System.Diagnostics;
using System.Runtime.InteropServices;

namespace XtNotebooks.Kernel.Crashes;

/// <summary>Passes the signals that come to this process on to another, and lets none end this one.</summary>
internal sealed class PassedSignals : IDisposable
{
    private readonly Lock gate = new();
    private readonly List<int> early = [];
    private readonly PosixSignalRegistration[] registrations;
    private Process? receiver;
    private bool ended;

    public PassedSignals()
    {
        (PosixSignal, int)[] signals = OperatingSystem.IsWindows()
            // A console tells every process in it by itself.
            ? [(PosixSignal.SIGINT, 0), (PosixSignal.SIGQUIT, 0)]
            : [(PosixSignal.SIGINT, 2), (PosixSignal.SIGTERM, 15), (PosixSignal.SIGHUP, 1), (PosixSignal.SIGQUIT, 3)];
        registrations = [.. signals.Select(each => Handle(each.Item1, each.Item2))];
    }

    /// <summary>Begins to pass them on, those that came before first.</summary>
    public void To(Process process)
    {
        lock (gate)
        {
            receiver = process;
            early.ForEach(Send);
        }
    }

    /// <summary>Passes none on any more, since the other process has ended; they still do not end this one.</summary>
    public void Stop()
    {
        lock (gate)
            ended = true;
    }

    public void Dispose()
    {
        Stop();
        foreach (var registration in registrations)
            registration.Dispose();
    }

    private PosixSignalRegistration Handle(PosixSignal signal, int number) => PosixSignalRegistration.Create(signal, context =>
    {
        context.Cancel = true;
        lock (gate)
        {
            if (receiver is null)
                early.Add(number);
            else if (!ended)
                Send(number);
        }
    });

    private void Send(int number)
    {
        if (number != 0 && !receiver!.HasExited)
            _ = Kill(receiver.Id, number);
    }

    [DllImport("libc", EntryPoint = "kill", ExactSpelling = true)]
    [DefaultDllImportSearchPaths(DllImportSearchPath.SafeDirectories)]
    private static extern int Kill(int process, int signal);
}
