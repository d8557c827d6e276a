namespace XtNotebooks.Views;

/// <summary>A sentence above a view.</summary>
/// <param name="Text">The sentence; parts in backticks are code.</param>
/// <param name="Kind">How it is meant.</param>
public sealed record ViewRemark(string Text, RemarkKind Kind = RemarkKind.Fact);

/// <summary>How a sentence above a view is meant.</summary>
public enum RemarkKind
{
    /// <summary>What is.</summary>
    Fact,

    /// <summary>Something that is likely wrong.</summary>
    Warning,

    /// <summary>What is left out of the picture.</summary>
    Omission,
}
