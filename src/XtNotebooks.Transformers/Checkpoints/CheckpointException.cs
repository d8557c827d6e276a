namespace XtNotebooks.Transformers;

/// <summary>A file is not what a checkpoint must be; the message says what is wrong, and where.</summary>
public sealed class CheckpointException : IOException
{
    /// <summary>An error without details.</summary>
    public CheckpointException() { }

    /// <summary>An error with its one-sentence reason.</summary>
    /// <param name="message">What is wrong, and where.</param>
    public CheckpointException(string message) : base(message) { }

    /// <summary>An error caused by another.</summary>
    /// <param name="message">What is wrong, and where.</param>
    /// <param name="innerException">What caused it.</param>
    public CheckpointException(string message, Exception innerException) : base(message, innerException) { }
}
