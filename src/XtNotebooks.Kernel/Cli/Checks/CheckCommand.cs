using System.CommandLine;
using XtNotebooks.Extensibility;
using XtNotebooks.Kernel.Scripting;

namespace XtNotebooks.Kernel.Cli.Checks;

/// <summary><c>xt-notebooks check</c>: tells in plain words what works on this machine.</summary>
internal static class CheckCommand
{
    private const int Width = 14;

    /// <param name="openSession">Opens the session in which packages are tried, given the current folder.</param>
    /// <param name="findBackend">Names the backend to try where the call names none; null for none.</param>
    public static Command Create(Func<string, CheckedSession> openSession, Func<string?> findBackend)
    {
        var with = new Option<string[]>("--with")
        {
            HelpName = "PACKAGE[, VERSION]",
            Description = "Reference this package first, for example a libtorch backend; without it, a backend that was downloaded before.",
            Arity = ArgumentArity.ZeroOrMore,
        };
        var command = new Command("check", "Tell what works on this machine: .NET, libtorch, CUDA, Jupyter, kernelspecs.") { with };
        command.SetAction(async (parsed, cancellationToken) =>
        {
            var output = parsed.InvocationConfiguration.Output;
            foreach (var line in SystemCheck.Lines())
                Write(output, line);
            // Extensions know of libtorch and CUDA; the host only asks them.
            string[] named = parsed.GetValue(with) is { Length: > 0 } given ? given : findBackend() is { } cached ? [cached] : [];
            foreach (var line in await PackageCheck.LinesAsync(openSession, [.. named, "XtNotebooks"], cancellationToken))
                Write(output, line);
            foreach (var line in await JupyterCheck.LinesAsync(cancellationToken))
                Write(output, line);
            return ExitCode.Ok;
        });
        return command;
    }

    private static void Write(TextWriter output, CheckLine line)
    {
        var rows = line.Text.Split('\n');
        var title = line.Title.Length < Width ? line.Title.PadRight(Width) : line.Title + "  ";
        output.WriteLine(title + rows[0].TrimEnd());
        foreach (var row in rows.Skip(1))
            output.WriteLine(new string(' ', Width) + row.TrimEnd());
    }
}

/// <param name="Title">What it is about.</param>
/// <param name="Text">What is so, in plain words; may have several lines.</param>
internal sealed record CheckLine(string Title, string Text);

/// <param name="Session">Runs the cells that reference packages.</param>
/// <param name="Reports">What the extensions have told so far.</param>
internal sealed record CheckedSession(ICodeSession Session, Func<IReadOnlyList<NotebookReport>> Reports);
