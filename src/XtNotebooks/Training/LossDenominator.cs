using TorchSharp;
using XtNotebooks.Data;
using static TorchSharp.torch;

namespace XtNotebooks.Training;

/// <summary>What a loss of somebody else's divides by, asked of the loss itself, so that its batches can be accumulated as one large batch.</summary>
/// <remarks>Where all logits are zero, every target that counts pulls alike at its own: by the reciprocal of the denominator. The batch twice shows
/// whether the denominator grows with it, as a mean's does, or not, as a sum's.</remarks>
internal static class LossDenominator
{
    private const double Tolerance = 1e-3;

    /// <summary>What each batch's loss is multiplied by, so that they add up to the loss of all; 0 where a batch counts nothing.</summary>
    /// <param name="name">The loss's, for the error.</param>
    /// <param name="loss">From logits [batch, seq - 1, numTokens] and targets [batch, seq - 1] to a scalar.</param>
    /// <param name="batches">Two or more.</param>
    /// <param name="numTokens">The vocabulary's size.</param>
    /// <exception cref="ArgumentException">The loss weighs its targets unequally, or divides by something else.</exception>
    public static double[] Shares(string name, Func<Tensor, Tensor, Tensor> loss, IReadOnlyList<PaddedBatch> batches, long numTokens)
    {
        var pulls = batches.Select(batch => Pull(name, loss, batch, numTokens, times: 1)).ToArray();
        if (Array.FindIndex(pulls, pull => pull > 0) is var first && first < 0)
            return new double[pulls.Length];
        var growth = pulls[first] / Pull(name, loss, batches[first], numTokens, times: 2);
        if (Math.Abs(growth - 1) < Tolerance)
            return [.. pulls.Select(pull => pull > 0 ? 1.0 : 0)];
        if (Math.Abs(growth - 2) > 2 * Tolerance)
            throw Unknown(name, "is neither a mean nor a sum over targets");
        var whole = pulls.Where(pull => pull > 0).Sum(pull => 1 / pull);
        return [.. pulls.Select(pull => pull > 0 ? 1 / pull / whole : 0)];
    }

    public static ArgumentException Unknown(string name, string why) => new(
        $"The loss \"{name}\" {why}, so that accumulated batches cannot be weighed as one large batch; give its {nameof(LossSetting)} a {nameof(LossSetting.Counted)}, "
        + $"the number of targets it averages, or set {nameof(TrainerOptions.Accumulation)} to 1.");

    // How far one target that counts pulls; 0 where none counts.
    private static double Pull(string name, Func<Tensor, Tensor, Tensor> loss, PaddedBatch batch, long numTokens, int times)
    {
        using var scope = NewDisposeScope();
        var targets = batch.Ids[.., 1..].repeat(times, 1);                            // [times * batch, seq - 1]
        var logits = zeros([.. targets.shape, numTokens], device: targets.device, requires_grad: true);
        var value = loss(logits, targets);
        if (!value.requires_grad || !double.IsFinite(value.to(ScalarType.Float64).item<double>()))
            return 0;
        var pulls = autograd.grad([value], [logits])[0].abs().amax(-1);               // [times * batch, seq - 1]
        var counted = pulls[pulls.gt(0)];
        if (counted.numel() == 0)
            return value.item<float>() == 0 ? 0 : throw Unknown(name, "does not show which targets it counts");
        var (least, most) = (counted.min().item<float>(), counted.max().item<float>());
        return most <= least * (1 + Tolerance) ? most : throw Unknown(name, "weighs its targets unequally");
    }
}
