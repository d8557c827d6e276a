namespace XtNotebooks.Diagnostics;

/// <summary>How bad a finding is.</summary>
public enum Severity
{
    /// <summary>Worth knowing; right in some set-ups.</summary>
    Advice,

    /// <summary>Something is off, with a small or occasional effect.</summary>
    Warning,

    /// <summary>The model is trained on something else than meant, or not at all.</summary>
    Error,
}
