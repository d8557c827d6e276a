using TorchSharp;
using XtNotebooks.Transformers;
using static TorchSharp.torch;

namespace XtNotebooks.Training;

/// <summary>A model as a trainer sees it: a module with parameters, and a way from ids to logits.</summary>
/// <param name="Module">Whose parameters are trained.</param>
/// <param name="Forward">From ids [batch, seq] int64 to logits [batch, seq, numTokens].</param>
/// <param name="ForwardMasked">The same with a mask [batch, seq] bool of real tokens; null where the model takes none.</param>
public sealed record TrainedModel(nn.Module Module, Func<Tensor, Tensor> Forward, Func<Tensor, Tensor, Tensor>? ForwardMasked = null)
{
    /// <summary>A transformer of this package.</summary>
    public static TrainedModel From(TransformerWrapper net)
    {
        ArgumentNullException.ThrowIfNull(net);
        return new(net, net.forward, (ids, mask) => net.forward(ids, new TransformerInputs { Mask = mask }));
    }

    /// <summary>Any module from ids to logits.</summary>
    public static TrainedModel From(nn.Module<Tensor, Tensor> module)
    {
        ArgumentNullException.ThrowIfNull(module);
        return module switch
        {
            TransformerWrapper net => From(net),
            AutoregressiveWrapper wrapper => From(wrapper.Net),
            _ => new(module, module.call),
        };
    }
}
