namespace XtNotebooks.Losses;

/// <summary>What another setting of the loss would have reported for the same batch and weights.</summary>
/// <param name="Setting">For people, for example "lens:".</param>
/// <param name="Code">The setting in one line of C#.</param>
/// <param name="Reported">The loss it would have reported, nats, computed from the logits at hand; null where that is not the same computation.</param>
/// <param name="Counted">How many targets it averages; null where unknown.</param>
/// <param name="NeedsAnotherForward">Whether the model would have to run again, because the setting changes what it sees.</param>
/// <param name="Note">Why there is no number, or what it rests on; empty where there is nothing to say.</param>
public sealed record LossCounterfactual(
    string Setting, string Code, double? Reported, long? Counted, bool NeedsAnotherForward, string Note);
