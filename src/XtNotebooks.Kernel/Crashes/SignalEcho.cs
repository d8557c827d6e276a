namespace XtNotebooks.Kernel.Crashes;

/// <summary>A signal to a whole group of processes, such as a terminal's Ctrl-C, comes twice: by itself, and from the
/// <see cref="Supervisor"/>, which cannot know that. The second must not stop the next cell.</summary>
internal sealed class SignalEcho(TimeProvider time)
{
    private static readonly TimeSpan SameSignal = TimeSpan.FromSeconds(0.2);

    private readonly Lock gate = new();
    private long? last;

    /// <summary>Whether the signal that comes now has come just before.</summary>
    public bool IsOne()
    {
        lock (gate)
        {
            if (last is { } before && time.GetElapsedTime(before) < SameSignal)
                return true;
            last = time.GetTimestamp();
            return false;
        }
    }
}
