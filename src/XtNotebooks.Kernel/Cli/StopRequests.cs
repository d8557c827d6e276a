using XtNotebooks.Kernel.Crashes;

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
    private readonly SignalEcho echo = new(time, TimeSpan.FromSeconds(0.5));
    private int count;

    /// <summary>What the signal that has just come asks for.</summary>
    public StopRequest Next() => echo.IsOne() ? StopRequest.Same : Interlocked.Increment(ref count) switch
    {
        1 => StopRequest.Stop,
        2 => StopRequest.Exit,
        _ => StopRequest.Kill,
    };
}
