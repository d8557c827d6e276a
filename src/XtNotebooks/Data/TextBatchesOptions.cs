namespace XtNotebooks.Data;

/// <summary>How lines of text become padded batches.</summary>
public sealed record TextBatchesOptions
{
    /// <summary>Rows in a batch.</summary>
    public int BatchSize { get; init; } = 32;

    /// <summary>Width of every batch in tokens, begin and end included; null for each batch's longest line. Longer lines are cut, and lose their
    /// end token; <see cref="TextBatches.CutLines"/> says how many.</summary>
    public int? Length { get; init; }

    /// <summary>Where rows are filled up.</summary>
    public PaddingSide Side { get; init; } = PaddingSide.Right;

    /// <summary>Whether every line begins with the tokenizer's begin token.</summary>
    public bool Bos { get; init; }

    /// <summary>Whether every line ends with the tokenizer's end token.</summary>
    public bool Eos { get; init; }

    /// <summary>Whether lines of similar length go together, which leaves fewer pads and makes batches less alike.</summary>
    public bool Bucketing { get; init; }

    /// <summary>Whether lines are drawn in random order, anew in each epoch.</summary>
    public bool Shuffle { get; init; } = true;

    /// <summary>Share of the lines, drawn at random, that is kept apart as <see cref="TextBatches.HeldOut"/>.</summary>
    public double HeldOutShare { get; init; } = 0.1;

    /// <summary>Decides what is held out and the order of lines.</summary>
    public int Seed { get; init; }
}
