using System.CommandLine;
using System.Runtime.InteropServices;
using XtNotebooks.Kernel.Cli;
using XtNotebooks.Kernel.Jupyter.History;
using XtNotebooks.Kernel.Scripting;

namespace XtNotebooks.Kernel.Jupyter;

/// <summary><c>xt-notebooks kernel --connection-file FILE</c>: what Jupyter starts.</summary>
internal static class KernelCommand
{
    public static Command Create(Func<ICodeSession> createSession)
    {
        var file = new Option<FileInfo>("--connection-file") { Description = "The file in which Jupyter says where to listen.", Required = true, HelpName = "FILE" };
        var remote = new Option<bool>("--allow-remote") { Description = "Listen also on an address that other machines can reach." };
        var unsigned = new Option<bool>("--allow-unsigned") { Description = "Accept a connection file without a key: anybody who can connect can run code." };
        var history = new Option<string>("--history")
        {
            Description = "The file in which cells are kept across runs.",
            HelpName = "FILE",
            DefaultValueFactory = _ => HistoryFile.DefaultPath,
        };
        var command = new Command("kernel", "Serves C# to a Jupyter front end; Jupyter calls it, through the installed kernelspec.") { file, remote, unsigned, history };
        command.SetAction((parsed, cancellationToken) => ServeAsync(
            ConnectionInfo.Read(parsed.GetRequiredValue(file).FullName, parsed.GetValue(remote), parsed.GetValue(unsigned)),
            createSession,
            parsed.GetRequiredValue(history),
            Console.Error,
            cancellationToken));
        return command;
    }

    private static async Task<int> ServeAsync(
        ConnectionInfo connection, Func<ICodeSession> createSession, string history, TextWriter log, CancellationToken cancellationToken)
    {
        // Cells may fill the pool; what serves the front end must find a thread all the same.
        ThreadPool.SetMinThreads(16, 4);
        var kernel = new JupyterKernel(connection, createSession, new HistoryFile(history, log), log, TimeProvider.System);
        using var interrupt = PosixSignalRegistration.Create(PosixSignal.SIGINT, context =>
        {
            context.Cancel = true;
            kernel.Interrupt();
        });
        using var terminate = PosixSignalRegistration.Create(PosixSignal.SIGTERM, context =>
        {
            context.Cancel = true;
            kernel.ShutDown();
        });
        using var parent = ParentProcess.Watch(() => kernel.ShutDown(), TimeProvider.System);
        await kernel.StartAsync(cancellationToken);
        await kernel.Ended.WaitAsync(cancellationToken).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        await kernel.DisposeAsync();
        // A cell left behind on a thread of its own must not keep the process.
        Environment.Exit(ExitCode.Ok);
        return ExitCode.Ok;
    }
}
