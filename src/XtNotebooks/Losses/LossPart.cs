namespace XtNotebooks.Losses;

/// <summary>One kind of target and what it contributes to a reported loss.</summary>
/// <param name="Kind">Which targets these are.</param>
/// <param name="Count">How many.</param>
/// <param name="ShareOfDenominator">Their share of the targets that are averaged, 0 to 1; the shares of all parts add up to 1, or are 0 where
/// nothing is averaged.</param>
/// <param name="Mean">Their mean loss, nats; for ignored targets what they would have cost; null where there are none, or where an ignored id is
/// outside the vocabulary.</param>
/// <param name="ShareOfSum">Their share of the sum of all counted losses, 0 to 1.</param>
/// <param name="ShareOfGradient">g_part·g_total/‖g_total‖² with respect to the parameters asked for; the shares add up to 1, and one may be negative
/// where a part pulls against the whole; null where it was not asked for, or where the whole gradient is zero.</param>
public sealed record LossPart(
    LossPartKind Kind, long Count, double ShareOfDenominator, double? Mean, double ShareOfSum, double? ShareOfGradient = null)
{
    /// <summary>For people: "real tokens", "pads", "ignored".</summary>
    public string Name => Kind switch { LossPartKind.Real => "real tokens", LossPartKind.Pad => "pads", _ => "ignored" };
}

/// <summary>What a target is.</summary>
public enum LossPartKind
{
    /// <summary>A token of the data, and counted.</summary>
    Real,

    /// <summary>A pad that is counted as if it were data.</summary>
    Pad,

    /// <summary>A target equal to the ignored id: not counted, whatever it is.</summary>
    Ignored,
}
