namespace XtNotebooks.Transformers;

/// <summary>What sits between norm and residual: attention, feed-forward, or one of them wrapped.</summary>
internal interface IBlock
{
    /// <param name="x">[batch, seq, dim].</param>
    /// <param name="inputs">What attention needs besides; feed-forward layers look at none of it.</param>
    BlockOutput Apply(Tensor x, AttentionInputs inputs);
}

/// <summary>A block's output and, for attention, what it kept on the way.</summary>
internal readonly record struct BlockOutput(Tensor Out, AttentionTrace? Trace)
{
    public IEnumerable<Tensor> Tensors => Trace is null ? [Out] : [Out, .. Trace.Tensors];
}
