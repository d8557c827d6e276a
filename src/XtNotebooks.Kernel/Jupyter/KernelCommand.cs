using System.CommandLine;
using System.Runtime.InteropServices;
using XtNotebooks.Kernel.Cli;
using XtNotebooks.Kernel.Crashes;
using XtNotebooks.Kernel.Jupyter.History;
using XtNotebooks.Kernel.Scripting;
using XtNotebooks.Kernel.Threads;

namespace XtNotebooks.Kernel.Jupyter;

/// <summary><c>xt-notebooks kernel --connection-file FILE</c>: what Jupyter starts.</summary>
internal static class KernelCommand
{
    public static Command Create(TimeProvider time)
    {
        var file = new Option<FileInfo>("--connection-file")
            { Description = "The file in which Jupyter says where to listen.", Required = true, HelpName = "FILE" };
        var remote = new Option<bool>("--allow-remote") { Description = "Listen also on an address that other machines can reach." };
        var unsigned = new Option<bool>("--allow-unsigned")
            { Description = "Accept a connection file without a key: anybody who can connect can run code." };
        var shell = new Option<bool>("--allow-shell") { Description = "Let cells run shell commands by #!sh." };
        var history = new Option<string>("--history")
        {
            Description = "The file in which cells are kept across runs.",
            HelpName = "FILE",
            DefaultValueFactory = _ => HistoryFile.DefaultPath,
        };
        var command = new Command("kernel", "Serve C# to a Jupyter front end; Jupyter calls it, through the installed kernelspec.")
        {
            file, remote, unsigned, shell, history,
        };
        command.SetAction((parsed, cancellationToken) =>
        {
            var path = parsed.GetRequiredValue(file).FullName;
            var connection = ConnectionInfo.Read(path, parsed.GetValue(remote), parsed.GetValue(unsigned));
            var options = new CodeSessionOptions { AllowShell = parsed.GetValue(shell), TimeProvider = time };
            // Cells write to a console of their own; the log keeps the process's.
            var log = Console.Error;
            if (ConnectionInfo.WarningOf(path) is { } warning)
                log.WriteLine($"xt-notebooks: {warning}");
            var code = ExitCode.Ok;
            // Before the journal, which takes the names of both away.
            var unsent = UnsentOutput.ForSupervisor();
            var requests = Journal.ForSupervisor() is { } journal ? new OpenRequests(journal, path) : null;
            new ThreadContext().Run(async () =>
                code = await ServeAsync(connection, options, parsed.GetRequiredValue(history), log, time, requests, unsent, cancellationToken));
            return Task.FromResult(code);
        });
        return command;
    }

    private static async Task<int> ServeAsync(
        ConnectionInfo connection,
        CodeSessionOptions options,
        string history,
        TextWriter log,
        TimeProvider time,
        OpenRequests? requests,
        UnsentOutput? unsent,
        CancellationToken cancellationToken)
    {
        // Nothing that serves the front end's messages needs the pool, but completion and restore do, and a cell may have filled it.
        ThreadPool.SetMinThreads(16, 4);
        var kernel = new JupyterKernel(connection, OpenSession, new HistoryFile(history, log), log, time, requests, unsent);
        // An echo must not stop the next cell.
        var echo = new SignalEcho(time, TimeSpan.FromSeconds(0.2));
        using var interrupt = PosixSignalRegistration.Create(PosixSignal.SIGINT, context =>
        {
            context.Cancel = true;
            if (!echo.IsOne())
                kernel.Interrupt();
        });
        using var terminate = PosixSignalRegistration.Create(PosixSignal.SIGTERM, End);
        using var hangUp = PosixSignalRegistration.Create(PosixSignal.SIGHUP, End);
        using var parent = ParentProcess.Watch(ParentProcess.Server, kernel.ShutDown, time);
        using var supervisor = ParentProcess.Watch(Journal.Supervisor, kernel.ShutDown, time);
        await kernel.StartAsync(cancellationToken);
        requests?.Tell();
        using var stopped = cancellationToken.Register(kernel.ShutDown);
        await kernel.Ended;
        requests?.End();
        ProcessEnd.Within(TimeSpan.FromSeconds(2), log);
        await kernel.DisposeAsync();
        return ExitCode.Ok;

        void End(PosixSignalContext context)
        {
            context.Cancel = true;
            kernel.ShutDown();
        }

        ICodeSession OpenSession()
        {
            var created = CodeSession.Create(options);
            // A cell that is there before the compiler has started would only make it do everything twice.
            CodeSession.WarmUpAsync().ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing).GetAwaiter().GetResult();
            return created;
        }
    }
}
