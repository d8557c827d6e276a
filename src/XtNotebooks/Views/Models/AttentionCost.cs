using XtNotebooks.Transformers;
using static TorchSharp.torch;

namespace XtNotebooks.Views;

/// <summary>What attention between positions costs in each attention layer of a model, and how often layers run in one pass.</summary>
/// <remarks>Only this package's attention can be counted: somebody else's is a function that nobody sees into.</remarks>
internal sealed class AttentionCost
{
    private readonly Dictionary<nn.Module, double> flops = new(ReferenceEqualityComparer.Instance);
    private readonly Dictionary<nn.Module, int> runs = new(ReferenceEqualityComparer.Instance);

    private AttentionCost(SequenceLengths? lengths) => Lengths = lengths;

    /// <summary>For which lengths; null where none is known, and nothing counted.</summary>
    public SequenceLengths? Lengths { get; }

    /// <summary>Whether there is any attention that could be counted.</summary>
    public bool HasAttention => flops.Count > 0;

    public static AttentionCost Of(nn.Module model, SequenceLengths? lengths)
    {
        var cost = new AttentionCost(lengths);
        var (own, context) = lengths is { } known ? (known.Own, known.Context) : (0, 0);
        cost.Visit(model, new Place(own, own, context, Math.Max(1, own)));
        return cost;
    }

    /// <summary>Floating-point operations for each token of the sequence, in one run of the layer; 0 for what is no attention.</summary>
    public double PerToken(nn.Module module) => flops.GetValueOrDefault(module);

    /// <summary>How often a layer runs in one pass through its stack.</summary>
    public int Runs(nn.Module module) => runs.GetValueOrDefault(module, 1);

    private void Visit(nn.Module module, Place place)
    {
        switch (module)
        {
            case XTransformer both when Lengths is { } lengths:
                Visit(both.Encoder, new Place(lengths.Context, lengths.Context, 0, lengths.Context));
                Visit(both.Decoder, place);
                break;
            case TransformerWrapper net:
                Wrapper(net, place);
                break;
            case AttentionLayers stack:
                Stack(stack, place);
                break;
            case Attention attention:
                flops[attention] = attention.ProductFlops(place.Queries, place.Keys) / (double)place.Tokens;
                break;
            default:
                foreach (var (_, part) in module.named_children())
                    Visit(part, place);
                break;
        }
    }

    // Class tokens and memories are positions, too; pooling looks at the tokens from its own queries.
    private void Wrapper(TransformerWrapper net, Place place)
    {
        var whole = place.Queries == 0 ? 0 : net.WholeLength(place.Queries);
        foreach (var (name, part) in net.named_children())
        {
            Visit(part, name == "attn_pool" ? place with { Queries = net.Options.NumPooledTokens, Keys = place.Queries, Context = place.Queries }
                : place with { Queries = whole, Keys = whole });
        }
    }

    private void Stack(AttentionLayers stack, Place place)
    {
        foreach (var (name, part) in stack.named_children())
        {
            foreach (var (index, layer) in part.named_children())
            {
                if (name is not ("layers" or "layer_integrators" or "skip_combines") || !int.TryParse(index, out var i))
                {
                    Visit(layer, place with { Keys = place.Queries });
                    continue;
                }
                runs[layer] = stack.LayersExecuteOrder.Count(run => run == i);
                // Residuals that are aggregated by attention look at the layers so far, from each position by itself.
                Visit(layer, place with { Keys = name == "layer_integrators" ? i + 1 : stack.LayerTypes[i] == 'c' ? place.Context : place.Queries });
            }
        }
    }

    /// <param name="Queries">Positions that attend.</param>
    /// <param name="Keys">Positions they attend to.</param>
    /// <param name="Context">Positions of what cross-attention reads.</param>
    /// <param name="Tokens">Tokens among which the cost is divided.</param>
    private readonly record struct Place(long Queries, long Keys, long Context, long Tokens);
}
