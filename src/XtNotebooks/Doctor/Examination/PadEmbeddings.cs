using TorchSharp;
using static TorchSharp.torch;

namespace XtNotebooks.Diagnostics;

/// <summary>Disturbs what a model reads at chosen places without changing a single id, so that a mask made from ids stays as it was.</summary>
internal static class PadEmbeddings
{
    /// <summary>Runs <paramref name="run"/> while every lookup of <paramref name="ids"/> gives noise at the places of <paramref name="where"/>.</summary>
    /// <returns>What it gave; null where no lookup of these ids was seen, so that nothing was disturbed.</returns>
    public static Tensor? Disturb(nn.Module module, Tensor ids, Tensor where, int seed, Func<Tensor> run)
    {
        var disturbed = false;
        using var chance = new Generator((ulong)seed, device: CPU);
        var hooks = module.modules()
            .Where(m => m is nn.Module<Tensor, Tensor> && !m.children().Any())
            .Cast<nn.Module<Tensor, Tensor>>()
            .Select(leaf => leaf.register_forward_hook((_, input, output) =>
            {
                if (input.is_floating_point() || output.dim() != 3 || !input.shape.SequenceEqual(ids.shape) || !input.eq(ids).all().item<bool>())
                    return output;
                disturbed = true;
                var size = Math.Max(1e-3, output.detach().std().ToDouble());
                var noise = randn(output.shape, dtype: float32, device: CPU, generator: chance).to(output.dtype, output.device) * (3 * size);
                return output + noise * where.unsqueeze(-1).to(output.dtype);
            }))
            .ToList();
        try
        {
            var result = run();
            return disturbed ? result : null;
        }
        finally
        {
            foreach (var hook in hooks)
                hook.remove();
        }
    }
}
