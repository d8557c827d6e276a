namespace XtNotebooks.Kernel.Cli;

/// <summary>The command cannot do what it was asked, in one sentence that says what to do; shown without a stack trace, exit code
/// 2.</summary>
internal sealed class CommandException : Exception
{
    public CommandException(string message) : base(message) { }

    public CommandException(string message, Exception innerException) : base(message, innerException) { }
}
