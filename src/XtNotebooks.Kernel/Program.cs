using XtNotebooks.Kernel.Cli;
using XtNotebooks.Kernel.Threads;

var code = ExitCode.Ok;
new ThreadContext().Run(async () => code = await Tool.InvokeAsync(Tool.CreateRoot(), args, Console.Out, Console.Error, CancellationToken.None));
// Threads that a cell started, or that an unstoppable cell was left behind on, must not keep the process.
Environment.Exit(code);
