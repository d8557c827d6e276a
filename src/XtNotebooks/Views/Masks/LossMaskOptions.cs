namespace XtNotebooks.Views;

/// <summary>What a batch grid is told besides its ids, and how much of it is shown.</summary>
public sealed record LossMaskOptions
{
    /// <summary>A token's text; without it the ids are shown.</summary>
    public Func<long, string>? Token { get; init; }

    /// <summary>How many tokens of each row are real, where the ids alone do not tell (a pad id that also occurs in the text).</summary>
    public IReadOnlyList<int>? Lengths { get; init; }

    /// <summary>Whether the pads that <see cref="Lengths"/> tells stand before the tokens.</summary>
    public bool PaddedLeft { get; init; }

    /// <summary>Whether positions beyond <see cref="Lengths"/> are ignored whatever their id is, as the wrapper's <c>lens:</c> does.</summary>
    public bool IgnoreBeyondLengths { get; init; }

    /// <summary>The attention mask given to the model, [batch][seq], true where a key may be seen; null for none.</summary>
    public IReadOnlyList<IReadOnlyList<bool>>? Mask { get; init; }

    /// <summary>Whether a position sees only itself and what stands before it.</summary>
    public bool Causal { get; init; } = true;

    /// <summary>Rows shown at most; the first and the last ones are kept.</summary>
    public int MaxRows { get; init; } = 16;

    /// <summary>Columns shown at most; the first and the last ones are kept.</summary>
    public int MaxColumns { get; init; } = 64;

    /// <summary>A heading; null for none.</summary>
    public string? Title { get; init; }
}
