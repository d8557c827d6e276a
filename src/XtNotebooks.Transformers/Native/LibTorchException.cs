namespace XtNotebooks.Transformers.Native;

/// <summary>libtorch could not be loaded; the message is one sentence that says why and what to do.</summary>
public sealed class LibTorchException : Exception
{
    /// <summary>Creates the error with its sentence.</summary>
    public LibTorchException(string message) : base(message) { }

    /// <summary>Creates the error with its sentence and what caused it.</summary>
    public LibTorchException(string message, Exception innerException) : base(message, innerException) { }

    /// <summary>Creates the error without a sentence.</summary>
    public LibTorchException() { }
}
