using XtNotebooks.Diagnostics;

namespace XtNotebooks.Tests.Diagnostics;

/// <summary>A set-up that somebody could have, and what is to be said of it.</summary>
/// <param name="Name">The set-up in a few words.</param>
/// <param name="Sick">The check that must name it; null for a healthy one.</param>
/// <param name="Examine">Builds and examines it.</param>
internal sealed record Case(string Name, string? Sick, Func<DoctorReport> Examine)
{
    /// <summary>Other checks that are right to name it as well.</summary>
    public string[] Also { get; init; } = [];

    /// <summary>Public threads whose description it is rebuilt from.</summary>
    public string[] Threads { get; init; } = [];

    public override string ToString() => Name;
}
