namespace XtNotebooks.Transformers;

/// <summary>Learned queries that gather a sequence into a few tokens by attention (Set Transformer, arXiv:1810.00825).</summary>
internal sealed class AttentionPool : NamedModule
{
    private readonly Attention? _single;
    private readonly AttentionLayers? _blocks;
    private Parameter? queries;

    /// <summary>Pools with a single attention.</summary>
    /// <param name="dim">Width of the pooled tokens.</param>
    /// <param name="attention">Its options.</param>
    /// <param name="tokens">How many tokens have learned queries; 0 where queries are passed in.</param>
    public AttentionPool(int dim, AttentionOptions attention, int tokens) : base(nameof(AttentionPool))
    {
        if (tokens > 0)
        {
            using var scope = NewDisposeScope();
            queries = NewParameter(nameof(queries), randn(tokens, dim) * 1e-2);
        }
        _single = Child("pooler", new Attention(attention));
    }

    /// <param name="context">[batch, keys, dim].</param>
    /// <param name="asked">[batch, tokens, dim]: queries, or null for the learned ones.</param>
    /// <param name="positions">Rotations of the context's positions; queries stand at the last ones.</param>
    /// <returns>[batch, tokens, dim].</returns>
    public Tensor forward(Tensor context, Tensor? asked, AttentionInputs positions) =>
        ((IBlock)_single!).Apply(asked ?? queries!.unsqueeze(0).expand(context.shape[0], -1, -1), positions with { Context = context }).Out;

    /// <param name="dim">Width of the pooled tokens.</param>
    /// <param name="dimContext">Width of what they gather.</param>
    /// <param name="tokens">How many there are.</param>
    /// <param name="depth">1 for a single attention; more for blocks of cross-attention and feed-forward.</param>
    /// <param name="heads">Number of heads.</param>
    /// <param name="dimHead">Width of one head.</param>
    public AttentionPool(int dim, int dimContext, int tokens, int depth, int heads, int dimHead) : base(nameof(AttentionPool))
    {
        using (var scope = NewDisposeScope()) queries = NewParameter(nameof(queries), randn(tokens, dim) * 1e-2);
        if (depth == 1)
            _single = Child("pooler", new Attention(new() { Dim = dim, DimContext = dimContext, Heads = heads, DimHead = dimHead }));
        else
            _blocks = Child("pooler", new Encoder(new()
            {
                Dim = dim, Depth = depth, Heads = heads, AttnDimHead = dimHead, CrossAttend = true, OnlyCross = true, CrossAttnDimContext = dimContext,
            }));
    }

    /// <param name="context">[batch, seq, dimContext].</param>
    /// <param name="mask">[batch, seq], bool: real positions, or null for all.</param>
    /// <returns>[batch, tokens, dim].</returns>
    public Tensor forward(Tensor context, Tensor? mask)
    {
        using var scope = NewDisposeScope();
        var asked = queries!.unsqueeze(0).expand(context.shape[0], -1, -1);
        return scope.MoveToOuter(_single?.forward(asked, context, contextMask: mask) ?? _blocks!.forward(asked, context: context, contextMask: mask));
    }
}
