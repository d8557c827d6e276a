namespace XtNotebooks.Transformers;

/// <summary>Checks of options, each with an error that names the options involved.</summary>
internal static class Require
{
    public static void Positive(int value, string name)
    {
        if (value <= 0) throw new ArgumentException($"{name} must be at least 1, but is {value}.");
    }

    public static void PositiveWhereGiven(params ReadOnlySpan<(int? Value, string Name)> widths)
    {
        foreach (var (value, name) in widths)
            if (value is { } given) Positive(given, name);
    }

    /// <summary>A dictionary that is not there is not the same as an empty one.</summary>
    public static void NotNull(object? value, string name)
    {
        if (value is null) throw new ArgumentException($"{name} must not be null: leave it out, or give an empty dictionary.");
    }

    /// <summary>A weight of a loss may be zero.</summary>
    public static void NotNegative(double value, string name)
    {
        if (!(value >= 0 && double.IsFinite(value))) throw new ArgumentException(FormattableString.Invariant($"{name} must be at least 0 and finite, but is {value}."));
    }

    /// <summary>A soft clamp divides by its limit.</summary>
    public static void Limit(double? value, string name)
    {
        if (value is { } limit && !(limit > 0 && double.IsFinite(limit)))
            throw new ArgumentException(FormattableString.Invariant($"{name} must be above 0 and finite, but is {limit}."));
    }

    public static void Probability(double value, string name)
    {
        if (value is < 0 or >= 1 || double.IsNaN(value))
            throw new ArgumentException(FormattableString.Invariant($"{name} must be at least 0 and below 1, but is {value}."));
    }

    public static void NotBoth(bool first, string firstName, bool second, string secondName)
    {
        if (first && second) throw new ArgumentException($"{firstName} and {secondName} cannot be used together: set only one of them.");
    }

    public static void AtMostOne(params (bool Set, string Name)[] choices)
    {
        var set = choices.Where(c => c.Set).Select(c => c.Name).ToArray();
        if (set.Length > 1) throw new ArgumentException($"{string.Join(" and ", set)} cannot be used together: set only one of them.");
    }

    public static void Needs(bool set, string name, bool needed, string neededName)
    {
        if (set && !needed) throw new ArgumentException($"{name} needs {neededName}: set both, or neither.");
    }

    public static void NeedsCausal(bool set, string name, bool causal)
    {
        if (set && !causal) throw new ArgumentException($"{name} needs Causal attention: use a Decoder, or leave {name} off.");
    }
}
