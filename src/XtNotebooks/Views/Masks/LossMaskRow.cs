namespace XtNotebooks.Views;

/// <summary>One sequence of a batch and what each of its positions does to the loss.</summary>
/// <param name="Index">Its row in the batch.</param>
/// <param name="Cells">The shown positions; null stands for those left out.</param>
/// <param name="Padding">Where its pads stand.</param>
/// <param name="NothingToLearn">Whether no real token of it counts.</param>
/// <param name="AttendsToPads">Whether a real token of it attends to a pad.</param>
public sealed record LossMaskRow(int Index, IReadOnlyList<LossMaskCell?> Cells, RowPadding Padding, bool NothingToLearn, bool AttendsToPads);

/// <summary>One position.</summary>
/// <param name="Text">The token's text, control characters made visible.</param>
/// <param name="State">What it does to the loss.</param>
public sealed record LossMaskCell(string Text, TargetState State);

/// <summary>How many targets of the whole batch are in which state.</summary>
/// <param name="Sequences">Rows of the batch.</param>
/// <param name="Length">Tokens in a row, pads included.</param>
/// <param name="Counts">Real tokens that count.</param>
/// <param name="PadCounts">Pads that count.</param>
/// <param name="Ignored">Pads and labels that are ignored.</param>
/// <param name="RealIgnored">Real tokens that are ignored because they have the ignored id.</param>
public sealed record LossMaskTotals(int Sequences, int Length, long Counts, long PadCounts, long Ignored, long RealIgnored)
{
    /// <summary>Targets that enter the mean.</summary>
    public long Counted => Counts + PadCounts;

    /// <summary>All targets: one less than the tokens of each row.</summary>
    public long Targets => Counted + Ignored + RealIgnored;
}
