namespace XtNotebooks.Transformers;

/// <summary>How a looped model learns to predict after every loop, and when to stop (Zhu et al. 2025, arXiv:2510.25741).</summary>
/// <param name="ignoreIndex">Targets equal to it do not count.</param>
/// <param name="threshold">A loop should be the last where the next one lowers the loss by less than this, in nats.</param>
/// <param name="slope">How sharp that decision is.</param>
/// <param name="exitWeight">Weight of learning it.</param>
internal sealed class LoopedLoss(long ignoreIndex, double threshold, double slope, double exitWeight)
{
    /// <param name="logits">[batch, loops, seq, numTokens].</param>
    /// <param name="exits">[batch, loops, seq]: logits of stopping after each loop.</param>
    /// <param name="targets">[batch, seq], int64.</param>
    /// <returns>A scalar, in nats: losses of all loops, each weighed by how probable it is to stop there, and the loss of the stopping itself.</returns>
    public Tensor Of(Tensor logits, Tensor exits, Tensor targets)
    {
        using var scope = NewDisposeScope();
        var loops = exits.shape[1];
        var each = targets.unsqueeze(1).expand(-1, loops, -1).contiguous(); // [batch, loops, seq]
        var counted = each != ignoreIndex;
        var losses = F.cross_entropy(logits.flatten(0, 2), each.flatten(), reduction: nn.Reduction.None, ignore_index: ignoreIndex).view_as(each);
        var loss = (losses * StopProbabilities(exits)).masked_select(counted).mean();
        if (loops > 1) loss = loss + ExitLoss(losses, exits, counted) * exitWeight;
        return scope.MoveToOuter(loss);
    }

    private Tensor ExitLoss(Tensor losses, Tensor exits, Tensor counted)
    {
        var before = exits.shape[1] - 1;
        var change = losses.narrow(1, 1, before) - losses.narrow(1, 0, before);
        var wanted = (slope * (change + threshold)).sigmoid().detach();
        var each = F.binary_cross_entropy_with_logits(exits.narrow(1, 0, before), wanted, reduction: nn.Reduction.None);
        return each.masked_select(counted.narrow(1, 1, before)).mean();
    }

    // Of stopping after each loop and not before it; the last one always stops.
    private static Tensor StopProbabilities(Tensor exits)
    {
        using var noGrad = no_grad();
        var before = exits.shape[1] - 1;
        var goOn = F.logsigmoid(-exits.narrow(1, 0, before)).cumsum(1).PadAt(-2, 1);
        var stop = F.logsigmoid(exits.narrow(1, 0, before)).PadAt(-2, 0, 1);
        return (stop + goOn).exp();
    }
}
