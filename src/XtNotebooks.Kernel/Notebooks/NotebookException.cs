namespace XtNotebooks.Kernel.Notebooks;

/// <summary>A file that is no notebook this host can run, or a notebook that cannot be run as asked; one sentence that says what to
/// do.</summary>
internal sealed class NotebookException : Exception
{
    public NotebookException(string message) : base(message) { }

    public NotebookException(string message, Exception innerException) : base(message, innerException) { }
}
