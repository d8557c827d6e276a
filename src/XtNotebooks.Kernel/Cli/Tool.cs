using System.CommandLine;
using System.CommandLine.Invocation;
using XtNotebooks.Kernel.Cli.Checks;
using XtNotebooks.Kernel.Jupyter;
using XtNotebooks.Kernel.Notebooks;
using XtNotebooks.Kernel.Scripting;
using XtNotebooks.Kernel.Threads;

namespace XtNotebooks.Kernel.Cli;

/// <summary>The command line of <c>xt-notebooks</c>: its commands, and what its exit codes mean.</summary>
internal static class Tool
{
    /// <summary>Runs one command line.</summary>
    /// <returns>One of <see cref="ExitCode"/>.</returns>
    /// <remarks>Commands handle Ctrl-C and signals themselves: to the kernel SIGINT is an interrupt of the cell, to a run the
    /// end.</remarks>
    public static async Task<int> InvokeAsync(
        RootCommand root, IReadOnlyList<string> args, TextWriter output, TextWriter error, CancellationToken cancellationToken)
    {
        var parsed = root.Parse(args);
        if (parsed.Action is ParseErrorAction && args.Count > 0)
        {
            var command = parsed.CommandResult.Command is RootCommand ? "" : parsed.CommandResult.Command.Name + " ";
            // Of several complaints the word that was not understood is the cause.
            var complaint = parsed.UnmatchedTokens.Count > 0
                ? $"'{parsed.UnmatchedTokens[0]}' is no command or option here."
                : parsed.Errors[0].Message;
            await error.WriteLineAsync($"xt-notebooks: {complaint} See 'xt-notebooks {command}--help'.");
            return ExitCode.Usage;
        }
        try
        {
            var configuration = new InvocationConfiguration
            {
                Output = output,
                Error = error,
                EnableDefaultExceptionHandler = false,
                ProcessTerminationTimeout = null,
            };
            var code = await parsed.InvokeAsync(configuration, cancellationToken);
            return parsed.Action is ParseErrorAction ? ExitCode.Usage : code;
        }
        catch (Exception refused) when (refused is CommandException or NotebookException)
        {
            await error.WriteLineAsync($"xt-notebooks: {refused.Message}");
            return ExitCode.Usage;
        }
    }

    /// <summary>The commands.</summary>
    /// <remarks>Each command is a class with a static Create() in the folder of its feature.</remarks>
    public static RootCommand CreateRoot() => new("C# notebooks: a Jupyter kernel and a headless runner.")
    {
        HelpName = "xt-notebooks",
        Subcommands =
        {
            RunCommand.Create(OpenForRun, Time),
            ConvertCommand.Create(),
            KernelCommand.Create(Time),
            InstallCommand.Create(),
            CheckCommand.Create(OpenForCheck, CachedBackend.Find),
        },
    };

    private static readonly OwnThreadTime Time = new(Console.Error);

    private static CodeSession OpenForRun(string folder, bool allowShell) => CodeSession.Create(new CodeSessionOptions
    {
        TimeProvider = Time, WorkingDirectory = folder, CanUpdateAfterCell = false, AllowShell = allowShell,
    });

    private static CheckedSession OpenForCheck(string folder)
    {
        var session = OpenForRun(folder, allowShell: false);
        return new(session, () => ((NotebookSession)session.Notebook).Reports);
    }
}
