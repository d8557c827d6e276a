namespace XtNotebooks.Transformers;

/// <summary>A causal stack: every position sees itself and what is before it.</summary>
public sealed class Decoder : AttentionLayers
{
    /// <summary>Builds a randomly initialised decoder.</summary>
    /// <param name="options">Its shape and variants.</param>
    /// <exception cref="ArgumentException">Two options exclude each other; the message names both.</exception>
    public Decoder(AttentionLayersOptions options) : base(nameof(Decoder), options, causal: true) { }
}

/// <summary>A bidirectional stack: every position sees every other.</summary>
public sealed class Encoder : AttentionLayers
{
    /// <summary>Builds a randomly initialised encoder.</summary>
    /// <param name="options">Its shape and variants.</param>
    /// <exception cref="ArgumentException">Two options exclude each other; the message names both.</exception>
    public Encoder(AttentionLayersOptions options) : base(nameof(Encoder), options, causal: false) { }
}
