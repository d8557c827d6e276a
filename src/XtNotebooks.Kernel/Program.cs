using XtNotebooks.Kernel.Cli;
using XtNotebooks.Kernel.Crashes;
using XtNotebooks.Kernel.Scripting;
using XtNotebooks.Kernel.Threads;

StartFolder.Ensure(Console.Error);
// What a cell can do to its process no code in that process survives: somebody stays beside it to say so.
if (Supervisor.IsWanted(args) && Supervisor.Run(args) is { } supervised)
    return supervised;
CellConsole.GivesStraysToCells = true;
// The compiler takes longest to start: it begins before the command line is read and the front end has connected.
if (args is ["kernel" or "run", _, ..])
    _ = CodeSession.WarmUpAsync();
var code = ExitCode.Ok;
new ThreadContext().Run(async () =>
    code = await Tool.InvokeAsync(Tool.CreateRoot(), args, Console.Out, Console.Error, CancellationToken.None));
// Threads that a cell started, or that an unstoppable cell was left behind on, must not keep the process.
Environment.Exit(code);
return code;
