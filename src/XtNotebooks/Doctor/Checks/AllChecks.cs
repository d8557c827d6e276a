namespace XtNotebooks.Diagnostics;

/// <summary>The checks, in the order of their numbers.</summary>
internal static class AllChecks
{
    public static IReadOnlyList<ICheck> InOrder { get; } =
    [
        new PadsAsTargets(),
        new IgnoredClass(),
        new DenominatorCheck(),
        new Shift(),
        new Repadding(),
        new PaddingSideCheck(),
        new AttentionToPads(),
        new Causality(),
        new Packing(),
        new NothingToLearn(),
        new MaskOffByOne(),
        new Sentinel(),
        new MetricMask(),
        new EvaluationMode(),
        new OutOfRange(),
        new NoGradient(),
        new InitialLoss(),
    ];

    /// <summary>For a finding of the first check, checks whose findings cause it, the likeliest first.</summary>
    public static IReadOnlyDictionary<string, string[]> Causes { get; } = new Dictionary<string, string[]>
    {
        ["repadding"] = ["pads-as-targets", "attention-to-pads", "padding-side", "mask-off-by-one", "denominator"],
        ["padding-side"] = ["attention-to-pads"],
        ["denominator"] = ["nothing-to-learn"],
        ["initial-loss"] = ["shift"],
    };
}
