using System.ComponentModel;
using System.Diagnostics;
using System.Globalization;
using System.Runtime.InteropServices;

namespace XtNotebooks.Kernel.Crashes;

/// <summary>Runs this very tool a second time and stays beside it: a cell can end its process in ways that no code in it survives (a
/// stack that
/// overflows, memory that runs out, a native fault), and then somebody must be left to say so.</summary>
/// <remarks>Signals are passed on, the standard streams are shared; errors pass through here, since the runtime's last words are among
/// them.</remarks>
internal sealed class Supervisor
{
    /// <summary>How long the supervised process's last words may still be on their way; a process that it started may hold the stream
    /// for ever.</summary>
    private static readonly TimeSpan LastWordsTake = TimeSpan.FromSeconds(1);

    private readonly ErrorTail tail = new();

    /// <summary>Whether this process is to supervise another, not to be supervised.</summary>
    /// <param name="args">The tool's arguments.</param>
    public static bool IsWanted(IReadOnlyList<string> args) =>
        args is ["kernel" or "run", _, ..]
        && !args.Any(word => word is "--help" or "-h" or "-?")
        && Journal.PathGiven is null
        && Environment.ProcessPath is not null;

    /// <summary>Runs the tool with these arguments to its end, and tells what ended it where it cannot.</summary>
    /// <returns>The exit code: that of the other process, unless a run's notebook was finished in its place.</returns>
    public static int Run(string[] args)
    {
        var folder = Directory.CreateTempSubdirectory("xt-notebooks-");
        var journal = Path.Combine(folder.FullName, "journal");
        try
        {
            var oomKills = OutOfMemoryKills.Count();
            var supervisor = new Supervisor();
            var code = supervisor.RunToEnd(args, journal);
            // Not of interest: an orderly end, and an end before anything ran.
            if (!Journal.IsOpen(journal))
                return code;
            var cause = CauseOfDeath.Of(code, supervisor.tail.ToString(), OutOfMemoryKills.Count() > oomKills);
            return args[0] == "run" ? CrashedRun.Finish(journal, cause) : CrashedKernel.Tell(journal, cause, code);
        }
        finally
        {
            try
            {
                folder.Delete(recursive: true);
            }
            catch (IOException)
            {
                // The system cleans its temporary folder.
            }
        }
    }

    private int RunToEnd(string[] args, string journal)
    {
        var program = Environment.ProcessPath!;
        // Either the tool's own launcher, or dotnet with the tool's DLL.
        var isHost = Path.GetFileNameWithoutExtension(program) == "dotnet";
        string[] dll = isHost ? [Path.Combine(AppContext.BaseDirectory, "XtNotebooks.Kernel.dll")] : [];
        var start = new ProcessStartInfo(program, [.. dll, .. args]) { RedirectStandardError = true };
        start.Environment[Journal.PathVariable] = journal;
        start.Environment[Journal.SupervisorVariable] = Environment.ProcessId.ToString(CultureInfo.InvariantCulture);
        using var process = Process.Start(start) ?? throw new Win32Exception($"'{program}' could not be started a second time.");
        PosixSignalRegistration[] signals = OperatingSystem.IsWindows() ? [] :
        [
            PassOn(PosixSignal.SIGINT, 2, process),
            PassOn(PosixSignal.SIGTERM, 15, process),
            PassOn(PosixSignal.SIGHUP, 1, process),
            PassOn(PosixSignal.SIGQUIT, 3, process),
        ];
        var reading = new Thread(() => tail.Copy(process.StandardError.BaseStream, Console.OpenStandardError())) { Name = "Errors", IsBackground = true };
        reading.Start();
        process.WaitForExit();
        reading.Join(LastWordsTake);
        foreach (var signal in signals)
            signal.Dispose();
        return process.ExitCode;
    }

    private static PosixSignalRegistration PassOn(PosixSignal signal, int number, Process process) => PosixSignalRegistration.Create(signal, context =>
    {
        context.Cancel = true;
        if (!process.HasExited)
            _ = Kill(process.Id, number);
    });

    [DllImport("libc", EntryPoint = "kill", ExactSpelling = true)]
    [DefaultDllImportSearchPaths(DllImportSearchPath.SafeDirectories)]
    private static extern int Kill(int process, int signal);
}
