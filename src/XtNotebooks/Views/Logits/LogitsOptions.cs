namespace XtNotebooks.Views;

/// <summary>What a strip of logits is told besides logits and targets.</summary>
public sealed record LogitsOptions
{
    /// <summary>A heading; null for none.</summary>
    public string? Title { get; init; }

    /// <summary>A token's text; without it the ids are shown.</summary>
    public Func<long, string>? Token { get; init; }

    /// <summary>The id that fills sequences up; such targets are marked.</summary>
    public long? PadId { get; init; }

    /// <summary>[batch, seq] bool: which targets are tokens of the data, where the ids alone do not tell (a pad id that also occurs in the text); null to go
    /// by <see cref="PadId"/>.</summary>
    public TorchSharp.torch.Tensor? Real { get; init; }

    /// <summary>The target id that the loss leaves out; -100 as in <c>cross_entropy</c>.</summary>
    public long IgnoreIndex { get; init; } = -100;

    /// <summary>How many of the likeliest candidates are told for each position.</summary>
    public int TopK { get; init; } = 5;

    /// <summary>A nucleus to overlay: what sampling with this <c>top_p</c> would cut, above 0 to 1; null for none. Of several filters each sees what the
    /// one before it left, in the order <see cref="KeepTopK"/>, <see cref="TopP"/>, <see cref="MinP"/>, <see cref="TopA"/>.</summary>
    public double? TopP { get; init; }

    /// <summary>Overlays sampling among so many of the likeliest candidates (<c>top_k</c>), 1 or more; null for all.</summary>
    public int? KeepTopK { get; init; }

    /// <summary>Overlays sampling among candidates at least this fraction as likely as the likeliest (<c>min_p</c>), 0 to 1; null for all.</summary>
    public double? MinP { get; init; }

    /// <summary>Overlays sampling among candidates at least this fraction of the likeliest one's squared probability (<c>top_a</c>), 0 to 1; null for all.</summary>
    public double? TopA { get; init; }

    /// <summary>What the colour means at first.</summary>
    public LogitsMode Mode { get; init; }

    /// <summary>Positions shown at most; whole rows from the first on.</summary>
    public int MaxTokens { get; init; } = 400;
}

/// <summary>What the colour of a strip of tokens means.</summary>
public enum LogitsMode
{
    /// <summary>What the true token cost, nats.</summary>
    Loss,

    /// <summary>How unsure the model was, nats.</summary>
    Entropy,

    /// <summary>What the token cost beyond what the model expected to pay: loss less entropy.</summary>
    Surprise,
}
