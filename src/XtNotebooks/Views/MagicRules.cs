using XtNotebooks.Extensibility;

namespace XtNotebooks.Views;

/// <summary>Options that other options leave without effect: they are told, for nobody should believe in what was passed over.</summary>
internal static class MagicRules
{
    /// <summary>Refuses options that would be passed over.</summary>
    /// <param name="call">The call.</param>
    /// <param name="magic">Whose defaults do not count as given, unless the call spells them out.</param>
    /// <param name="when">Whether they would be.</param>
    /// <param name="why">What follows the option's name in the sentence: why, and what to do.</param>
    /// <param name="options">Their names.</param>
    /// <exception cref="MagicException">One of them is given.</exception>
    public static void Refuse(this MagicCall call, MagicCommand magic, bool when, string why, params IReadOnlyList<string> options)
    {
        if (when && options.FirstOrDefault(option => call.Gives(magic, option)) is { } idle)
            throw new MagicException($"{idle} {why}");
    }

    /// <summary>Whether the call gives an option; where the host does not tell, whether it has another value than its default.</summary>
    public static bool Gives(this MagicCall call, MagicCommand magic, string option) => call.Values.GetValueOrDefault(option) is { } value and not false
        && (call.Given?.Contains(option) ?? !Equals(value, magic.Options.Single(known => known.Name == option).Default));

    /// <summary>Whether an option has any value.</summary>
    public static bool Has(this MagicCall call, string option) => call.Values.GetValueOrDefault(option) is not null;
}
