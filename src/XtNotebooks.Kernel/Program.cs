using XtNotebooks.Kernel.Cli;

return await Tool.InvokeAsync(args, Console.Out, Console.Error, CancellationToken.None);
