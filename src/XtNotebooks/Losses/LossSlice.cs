namespace XtNotebooks.Losses;

/// <summary>Counted losses at one position of the sequence.</summary>
/// <param name="Position">From 0, in the targets.</param>
/// <param name="RealCount">Real targets counted here.</param>
/// <param name="RealMean">Their mean, nats; null where there are none.</param>
/// <param name="PadCount">Pads counted here.</param>
/// <param name="PadMean">Their mean, nats; null where there are none.</param>
public sealed record LossAtPosition(int Position, long RealCount, double? RealMean, long PadCount, double? PadMean);

/// <summary>Counted losses of one class of tokens.</summary>
/// <param name="Name">For example "pads", "end of text", "letters".</param>
/// <param name="Count">Targets of this class that are counted.</param>
/// <param name="Mean">Their mean, nats.</param>
/// <param name="ShareOfSum">Their share of the sum of all counted losses, 0 to 1.</param>
public sealed record LossOfClass(string Name, long Count, double Mean, double ShareOfSum);
