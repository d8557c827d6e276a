namespace XtNotebooks.Diagnostics;

/// <summary>What a check is about.</summary>
/// <param name="Number">Its place in the list of checks, from 1.</param>
/// <param name="Name">Its name in kebab-case, for example <c>pads-as-targets</c>.</param>
/// <param name="Question">What it asks.</param>
/// <param name="How">How it finds out.</param>
/// <param name="Thread">A public thread in which somebody met the bug.</param>
public sealed record CheckInfo(int Number, string Name, string Question, string How, string Thread);

/// <summary>What a check came to.</summary>
/// <param name="Check">The check.</param>
/// <param name="Status">Whether it found something, found nothing, or could not look.</param>
/// <param name="Findings">What it found; empty unless <paramref name="Status"/> says so.</param>
/// <param name="Note">What was seen where nothing is wrong, or what to give so that the check can be made.</param>
public sealed record CheckOutcome(CheckInfo Check, CheckStatus Status, IReadOnlyList<Finding> Findings, string Note);

/// <summary>How a check ended.</summary>
public enum CheckStatus
{
    /// <summary>It looked and found nothing wrong.</summary>
    Passed,

    /// <summary>It found something.</summary>
    Found,

    /// <summary>It lacks something it needs; the note says what.</summary>
    NotChecked,
}

/// <summary>Something that is wrong, or worth knowing.</summary>
/// <param name="Check">The name of the check that found it.</param>
/// <param name="Severity">How bad it is.</param>
/// <param name="Summary">What was seen, with its numbers.</param>
/// <param name="Fix">What to change, in one line.</param>
/// <param name="Thread">A public thread about the same bug.</param>
public sealed record Finding(string Check, Severity Severity, string Summary, string Fix, string Thread)
{
    /// <summary>The part of the loss value that comes from what is wrong, 0 to 1; null where that says nothing.</summary>
    public double? LossShare { get; init; }

    /// <summary>The part of the squared gradient at the logits that comes from what is wrong, 0 to 1; null where that says nothing.</summary>
    public double? GradientShare { get; init; }

    /// <summary>The check whose finding most likely causes this one; null where it stands for itself.</summary>
    public string? FollowsFrom { get; init; }

    /// <summary>How much of the training is touched, 0 to 1: what findings of one severity are ordered by.</summary>
    public double Cost => Math.Max(LossShare ?? 0, GradientShare ?? 0);
}
