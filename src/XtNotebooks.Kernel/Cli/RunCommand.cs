using System.CommandLine;
using System.Globalization;
using XtNotebooks.Kernel.Notebooks;
using XtNotebooks.Kernel.Scripting;

namespace XtNotebooks.Kernel.Cli;

/// <summary><c>xt-notebooks run</c>: executes a notebook without a front end.</summary>
internal static class RunCommand
{
    /// <param name="openSession">Opens the session that runs the code, given the notebook's folder and whether <c>#!sh</c> is allowed.</param>
    /// <param name="time">The clock.</param>
    public static Command Create(Func<string, bool, ICodeSession> openSession, TimeProvider time)
    {
        var notebook = new Argument<string>("NOTEBOOK")
            { Description = "The notebook file (.ipynb); it is read, never written, unless --output names it." };
        var output = new Option<string?>("--output", "-o")
        {
            HelpName = "FILE.ipynb",
            Description = "Where the executed notebook is written; NAME.executed.ipynb beside the notebook if not given.",
        };
        var html = new Option<string?>("--html")
            { HelpName = "FILE.html", Description = "Also write a page that opens in any browser, offline." };
        var withoutScripts = new Option<bool>("--without-scripts")
        {
            Description = "Leave scripts out of the page: pictures and tables stay, what can be pointed at does not; a tenth of the size where "
                + "there are charts.",
        };
        var parameters = new Option<string[]>("--parameter", "-p")
        {
            HelpName = "name=value",
            Description = "Give a value to a variable of the cell tagged 'parameters'; can be repeated.",
            Arity = ArgumentArity.ZeroOrMore,
        };
        var timeout = new Option<TimeSpan?>("--cell-timeout")
        {
            HelpName = "SECONDS",
            Description = "Stop a cell that runs longer, and with it the run.",
            CustomParser = result =>
            {
                var text = result.Tokens[0].Value;
                if (double.TryParse(text, NumberStyles.Float, CultureInfo.InvariantCulture, out var seconds) && seconds > 0
                    && seconds <= int.MaxValue / 1000)
                    return TimeSpan.FromSeconds(seconds);
                result.AddError($"--cell-timeout cannot be '{text}'; give seconds, such as 60 or 0.5.");
                return null;
            },
        };
        var shell = new Option<bool>("--allow-shell") { Description = "Let cells run shell commands by #!sh." };
        var command = new Command("run", "Execute a notebook from top to bottom and write it with its outputs.") { notebook, output, html,
            withoutScripts, parameters, timeout, shell };
        command.SetAction((parsed, cancellationToken) =>
        {
            var request = new RunRequest
            {
                Notebook = parsed.GetRequiredValue(notebook),
                Output = parsed.GetValue(output),
                Html = parsed.GetValue(html),
                WithoutScripts = parsed.GetValue(withoutScripts),
                Parameters = parsed.GetValue(parameters) ?? [],
                CellTimeout = parsed.GetValue(timeout),
            };
            var console = parsed.InvocationConfiguration;
            var allowShell = parsed.GetValue(shell);
            return new HeadlessRun(request, folder => openSession(folder, allowShell), time, console.Output, console.Error).ExecuteAsync(cancellationToken);
        });
        return command;
    }
}

/// <summary>What a call of <c>run</c> asks for; paths as typed.</summary>
internal sealed record RunRequest
{
    public required string Notebook { get; init; }

    public string? Output { get; init; }

    public string? Html { get; init; }

    public bool WithoutScripts { get; init; }

    public IReadOnlyList<string> Parameters { get; init; } = [];

    public TimeSpan? CellTimeout { get; init; }
}
