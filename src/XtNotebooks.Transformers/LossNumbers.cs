namespace XtNotebooks.Transformers;

/// <summary>The numbers of losses beside the cross-entropy: each in its range, and set only where the net has that loss.</summary>
internal static class LossNumbers
{
    public static void Check(
        TransformerWrapperOptions net, double nextEmbedLossWeight, double loopedLossThresholdExit, double loopedLossSlope, double loopedExitLossWeight)
    {
        Require.NotNegative(nextEmbedLossWeight, nameof(nextEmbedLossWeight));
        Require.NotNegative(loopedLossThresholdExit, nameof(loopedLossThresholdExit));
        Require.Limit(loopedLossSlope, nameof(loopedLossSlope));
        Require.NotNegative(loopedExitLossWeight, nameof(loopedExitLossWeight));
        foreach (var (value, name, usual, acts, on) in new[]
                 {
                     (nextEmbedLossWeight, nameof(nextEmbedLossWeight), 0.1, net.AddContinuousPredHead, nameof(net.AddContinuousPredHead)),
                     (loopedLossThresholdExit, nameof(loopedLossThresholdExit), 0.05, net.Looped, nameof(net.Looped)),
                     (loopedLossSlope, nameof(loopedLossSlope), 50, net.Looped, nameof(net.Looped)),
                     (loopedExitLossWeight, nameof(loopedExitLossWeight), 1, net.Looped, nameof(net.Looped)),
                 })
            if (value != usual && !acts) throw new ArgumentException(FormattableString.Invariant($"{name} = {value} needs {on}; without that, it would do nothing."));
    }
}
