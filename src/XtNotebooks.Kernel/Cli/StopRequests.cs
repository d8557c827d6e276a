namespace XtNotebooks.Kernel.Cli;

/// <summary>What a signal asks of a run.</summary>
internal enum StopRequest
{
    /// <summary>Nothing new: it repeats the last one.</summary>
    Same,

    /// <summary>To stop the running cell and the run with it.</summary>
    Stop,

    /// <summary>To end the process at once, after writing what there is.</summary>
    Exit,

    /// <summary>To die: it is left to what the system does by itself.</summary>
    Kill,
}

/// <summary>Counts the signals that ask a run to stop.</summary>
/// <param name="time">The clock.</param>
internal sealed class StopRequests(TimeProvider time)
{
    /// <summary>Signals this close together are one request: a terminal and a shell, <c>timeout</c> or the supervisor may each pass it
    /// on.</summary>
    private static readonly TimeSpan SameRequest = TimeSpan.FromSeconds(0.5);

    private readonly Lock gate = new();
    private long? last;
    private int count;

    /// <summary>What the signal that has just come asks for.</summary>
    public StopRequest Next()
    {
        lock (gate)
        {
            if (last is { } before && time.GetElapsedTime(before) < SameRequest)
                return StopRequest.Same;
            last = time.GetTimestamp();
            return ++count switch { 1 => StopRequest.Stop, 2 => StopRequest.Exit, _ => StopRequest.Kill };
        }
    }
}
