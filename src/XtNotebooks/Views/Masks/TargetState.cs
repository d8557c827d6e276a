namespace XtNotebooks.Views;

/// <summary>What a position of a batch does to the loss.</summary>
public enum TargetState
{
    /// <summary>The first position: nothing predicts it.</summary>
    NotATarget,

    /// <summary>A real token that counts.</summary>
    Counts,

    /// <summary>A pad, or a label given as the ignore index: it does not count.</summary>
    Ignored,

    /// <summary>A pad that counts as if it were text.</summary>
    PadCounts,

    /// <summary>A real token that has the ignored id and is lost with the pads.</summary>
    RealIgnored,
}

/// <summary>On which side of its tokens a sequence is filled up.</summary>
public enum RowPadding
{
    /// <summary>No pad.</summary>
    None,

    /// <summary>After the tokens.</summary>
    Right,

    /// <summary>Before the tokens.</summary>
    Left,

    /// <summary>On both sides.</summary>
    Both,

    /// <summary>Nothing but pads.</summary>
    Only,
}
