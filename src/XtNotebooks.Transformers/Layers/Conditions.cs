namespace XtNotebooks.Transformers;

/// <summary>What adaptive norms and layer scales ask of options and inputs.</summary>
internal static class Conditions
{
    /// <summary>Whether norms depend on a condition.</summary>
    public static bool HasAdaptiveNorm(this AttentionLayersOptions o) => o.UseAdaptiveLayernorm || o.UseAdaptiveRmsnorm;

    /// <summary>Whether a forward pass needs a condition.</summary>
    public static bool NeedsCondition(this AttentionLayersOptions o) => o.HasAdaptiveNorm() || o.UseAdaptiveLayerscale;

    /// <summary>Width of the condition that is passed in.</summary>
    public static int ConditionWidth(this AttentionLayersOptions o) => o.DimCondition ?? o.Dim;

    /// <summary>Width of what the adaptive modules read.</summary>
    public static int InnerConditionWidth(this AttentionLayersOptions o) =>
        o.ConditionWidth() * (o.AdaptiveConditionMlp ? o.AdaptiveConditionMlpExpansion : 1);

    public static void ValidateConditions(this AttentionLayersOptions o)
    {
        Require.NotBoth(o.UseLayerscale, nameof(o.UseLayerscale), o.UseAdaptiveLayerscale, nameof(o.UseAdaptiveLayerscale));
        if (o.DimCondition is { } width) Require.Positive(width, nameof(o.DimCondition));
        Require.Positive(o.AdaptiveConditionMlpExpansion, nameof(o.AdaptiveConditionMlpExpansion));
        var adaptive = o.UseAdaptiveLayernorm ? nameof(o.UseAdaptiveLayernorm) : nameof(o.UseAdaptiveRmsnorm);
        if (o.HasAdaptiveNorm() && o.NumResidualStreams > 1 && (!o.PreNorm || o.PreAndPostNorm))
            throw new ArgumentException($"{adaptive} and NumResidualStreams above 1 go together only where blocks alone are normalised: leave PreNorm on and PreAndPostNorm off.");
    }

    /// <summary>A condition is there where one is needed, and only there, and fits [batch, condition] or [batch, seq, condition].</summary>
    public static void Check(AttentionLayersOptions o, Tensor? condition, Tensor x)
    {
        if (!o.NeedsCondition())
        {
            if (condition is not null)
                throw new ArgumentException("A Condition was passed, but neither UseAdaptiveLayernorm nor UseAdaptiveRmsnorm nor UseAdaptiveLayerscale is set.");
            return;
        }
        var reader = o.UseAdaptiveLayernorm ? nameof(o.UseAdaptiveLayernorm) : o.UseAdaptiveRmsnorm ? nameof(o.UseAdaptiveRmsnorm) : nameof(o.UseAdaptiveLayerscale);
        var width = o.ConditionWidth();
        if (condition is null) throw new ArgumentException($"{reader} is set, so a Condition must be passed: [batch, {width}].");
        var (batch, length) = (x.shape[0], x.shape[1]);
        if (condition.Dimensions is not (2 or 3) || condition.shape[0] != batch || condition.shape[^1] != width ||
            (condition.Dimensions == 3 && condition.shape[1] != 1 && condition.shape[1] != length))
            throw new ArgumentException($"Condition must be [{batch}, {width}] or [{batch}, {length}, {width}], but is {condition.Shape()}.");
        if (condition.dtype != x.dtype) throw new ArgumentException($"Condition is {condition.dtype}, but the model is {x.dtype}: convert one of them.");
        InputChecks.CheckDevice(condition, "Condition", x.device);
    }
}
