namespace XtNotebooks.Diagnostics;

/// <summary>The examination cannot be made: one sentence that says why and what to do.</summary>
public sealed class DoctorException : Exception
{
    /// <summary>Creates the error with its sentence.</summary>
    public DoctorException(string message) : base(message) { }

    /// <summary>Creates the error with its sentence and what caused it.</summary>
    public DoctorException(string message, Exception innerException) : base(message, innerException) { }

    /// <summary>Creates the error without a sentence.</summary>
    public DoctorException() { }
}

/// <summary>A report has findings that a training script should not go on with.</summary>
public sealed class SickException : Exception
{
    /// <summary>Creates the error with its text.</summary>
    public SickException(string message) : base(message) { }

    /// <summary>Creates the error with its text and what caused it.</summary>
    public SickException(string message, Exception innerException) : base(message, innerException) { }

    /// <summary>Creates the error without a text.</summary>
    public SickException() { }

    /// <summary>What was found; null where the error was not made from a report.</summary>
    public DoctorReport? Report { get; init; }
}
