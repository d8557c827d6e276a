namespace XtNotebooks.Kernel.Crashes;

/// <summary>A signal to a whole group of processes, such as a terminal's Ctrl-C, comes twice: by itself, and from the
/// <see cref="Supervisor"/>, which cannot know that; a shell or <c>timeout</c> may pass it on, too.</summary>
/// <param name="time">The clock.</param>
/// <param name="together">Signals this close together are one.</param>
internal sealed class SignalEcho(TimeProvider time, TimeSpan together)
{
    private readonly Lock gate = new();
    private long? last;

    /// <summary>Whether the signal that comes now has come just before.</summary>
    public bool IsOne()
    {
        lock (gate)
        {
            if (last is { } before && time.GetElapsedTime(before) < together)
                return true;
            last = time.GetTimestamp();
            return false;
        }
    }
}
