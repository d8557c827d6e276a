using TorchSharp;

namespace XtNotebooks.Losses;

/// <summary>What a <see cref="LossBreakdown"/> may be told beyond logits and targets.</summary>
public sealed record LossBreakdownOptions
{
    /// <summary>[batch, seq] bool: which targets are tokens of the data. Settles what only the data knows where the pad id is a real token too
    /// (id 0 in use, pad = EOS). Without it every target that equals the pad id is a pad.</summary>
    public torch.Tensor? Real { get; init; }

    /// <summary>The end-of-text token, if the data has one. Where it equals the pad id, the first pad after a row's text is taken as its end.</summary>
    public long? EosId { get; init; }

    /// <summary>What the model saw in place of pads, if its inputs were changed (a wrapper with this <c>padValue</c> that ignores the pad id);
    /// null where it saw the pads themselves.</summary>
    public long? PadValue { get; init; }

    /// <summary>Whether a logit depends on earlier tokens alone.</summary>
    public bool Causal { get; init; } = true;

    /// <summary>Parameters whose gradient is to be shared out among the parts; the logits must carry their graph. Costs two backward passes.</summary>
    public IReadOnlyList<torch.Tensor>? GradientOf { get; init; }

    /// <summary>Names the class of a token id for <see cref="LossBreakdown.ByTokenClass"/>, for example a tokenizer's
    /// <c>ClassOf</c>; pads and the end of text are classes of their own.</summary>
    public Func<long, string>? TokenClass { get; init; }
}
