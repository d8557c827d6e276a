using System.ComponentModel;
using System.Diagnostics;
using System.Globalization;

namespace XtNotebooks.Kernel.Crashes;

/// <summary>Runs this very tool a second time and stays beside it: a cell can end its process in ways that no code in it survives (a
/// stack that overflows, memory that runs out, a native fault), and then somebody must be left to say so.</summary>
/// <remarks>Signals are passed on, the standard streams are shared; errors pass through here, since the runtime's last words are among
/// them.</remarks>
internal sealed class Supervisor : IDisposable
{
    /// <summary>How long the supervised process's last words may still be on their way; a process that it started may hold the stream
    /// for ever.</summary>
    private static readonly TimeSpan LastWordsTake = TimeSpan.FromSeconds(1);

    private readonly ErrorTail tail = new();
    private readonly PassedSignals signals = new();
    private readonly DirectoryInfo folder;
    private readonly FileStream journal;
    private readonly FileStream? unsent;
    private readonly Process process;

    private Supervisor(string[] args)
    {
        try
        {
            folder = Directory.CreateTempSubdirectory("xt-notebooks-");
            journal = Journal.Prepare(Path.Combine(folder.FullName, "journal"));
            unsent = args[0] == "kernel" ? Journal.Prepare(journal.Name + UnsentOutput.Suffix) : null;
            process = Start(args, journal.Name);
            signals.To(process);
        }
        catch
        {
            Dispose();
            throw;
        }
    }

    /// <summary>Whether this process is to supervise another, not to be supervised.</summary>
    /// <param name="args">The tool's arguments.</param>
    public static bool IsWanted(IReadOnlyList<string> args) =>
        args is ["kernel" or "run", _, ..]
        && !args.Any(word => word is "--help" or "-h" or "-?")
        && Journal.PathGiven is null
        && Environment.ProcessPath is not null;

    /// <summary>Runs the tool with these arguments to its end, and tells what ended it where it cannot.</summary>
    /// <returns>The exit code: that of the other process, unless a run's notebook was finished in its place; null where no other process
    /// can be started, and this one has to do the work.</returns>
    public static int? Run(string[] args)
    {
        var oomKills = OutOfMemoryKills.Count();
        Supervisor supervisor;
        try
        {
            supervisor = new Supervisor(args);
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException or Win32Exception)
        {
            Console.Error.WriteLine(
                "xt-notebooks: should a cell end the process, nobody will be left to say why: no second process could be started: "
                + error.Message);
            return null;
        }
        using (supervisor)
        {
            var code = supervisor.RunToEnd();
            var entries = Journal.Read(supervisor.journal);
            // Not of interest: an orderly end, and an end before anything ran.
            if (!Journal.IsOpen(entries))
                return code;
            var cause = CauseOfDeath.Of(code, supervisor.tail.ToString(), OutOfMemoryKills.Count() > oomKills);
            return supervisor.unsent is { } unsent
                ? CrashedKernel.Tell(entries, LastOutput.Read(unsent), cause, code)
                : CrashedRun.Finish(entries, cause);
        }
    }

    public void Dispose()
    {
        signals.Dispose();
        process?.Dispose();
        journal?.Dispose();
        unsent?.Dispose();
        try
        {
            // The other process has done so, if it came that far.
            if (Directory.Exists(folder?.FullName))
                folder.Delete(recursive: true);
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            // The system cleans its temporary folder.
        }
    }

    private static Process Start(string[] args, string journal)
    {
        var program = Environment.ProcessPath!;
        // Either the tool's own launcher, or dotnet with the tool's DLL.
        var isHost = Path.GetFileNameWithoutExtension(program) == "dotnet";
        string[] dll = isHost ? [Path.Combine(AppContext.BaseDirectory, "XtNotebooks.Kernel.dll")] : [];
        var start = new ProcessStartInfo(program, [.. dll, .. args]) { RedirectStandardError = true };
        start.Environment[Journal.PathVariable] = journal;
        start.Environment[Journal.SupervisorVariable] = Environment.ProcessId.ToString(CultureInfo.InvariantCulture);
        foreach (var (name, value) in RuntimeSettings.ForCells)
            start.Environment.TryAdd(name, value);
        return Process.Start(start) ?? throw new Win32Exception($"'{program}' could not be started.");
    }

    private int RunToEnd()
    {
        var reading = new Thread(() => tail.Copy(process.StandardError.BaseStream, Console.OpenStandardError()))
        {
            Name = "Errors", IsBackground = true,
        };
        reading.Start();
        process.WaitForExit();
        // Whoever interrupts now still gets the last words, or the notebook.
        signals.Stop();
        reading.Join(LastWordsTake);
        return process.ExitCode;
    }
}
