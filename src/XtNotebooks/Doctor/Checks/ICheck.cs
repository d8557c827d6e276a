namespace XtNotebooks.Diagnostics;

/// <summary>One question asked of a model, a batch and a loss.</summary>
internal interface ICheck
{
    /// <summary>What it is about.</summary>
    CheckInfo Info { get; }

    /// <summary>Looks. Errors of the user's own delegates on changed batches are the caller's to turn into "not checked".</summary>
    CheckOutcome Look(Examination exam);
}

/// <summary>Ways a check can end.</summary>
internal static class Outcomes
{
    public static CheckOutcome Passed(this CheckInfo check, string note) => new(check, CheckStatus.Passed, [], note);

    public static CheckOutcome NotChecked(this CheckInfo check, string why) => new(check, CheckStatus.NotChecked, [], why);

    public static CheckOutcome Found(this CheckInfo check, params IReadOnlyList<Finding> findings) => new(check, CheckStatus.Found, findings, "");

    public static Finding Finding(this CheckInfo check, Severity severity, string summary, string fix) =>
        new(check.Name, severity, summary, fix, check.Thread);
}
