using System.Diagnostics;
using System.Globalization;

namespace XtNotebooks.Kernel.Scripting;

/// <summary>What all asynchronous calls have in common that one has led to.</summary>
/// <param name="most">How many may not have ended at a time where they also recur.</param>
internal sealed class CallChain(int most)
{
    /// <summary>How deep calls may wait for one another: many times what honest recursion needs, and so few that the exception's way through
    /// them takes a moment.</summary>
    public const int DeepestOfAll = 2_000;

    /// <summary>Less deep, many calls are no recursion but one function that starts them all.</summary>
    private const int Recurs = 4;

    /// <summary>What a call holds that waits: its state, its task, its context, what awaits it.</summary>
    private const int BytesOfCall = 1_024;

    private static readonly TimeSpan Recovers = TimeSpan.FromSeconds(10);

    private long _halved;
    private int _running;
    private volatile bool _full;

    /// <summary>Where every call makes two that do not wait for one another, depth tells nothing: twenty levels are a million calls. As many
    /// as fill a quarter of this machine's memory, and never more than two millions.</summary>
    public static int MostHere { get; } = (int)Math.Clamp(GC.GetGCMemoryInfo().TotalAvailableMemoryBytes / 4 / BytesOfCall, 100_000, 2_000_000);

    /// <summary>How deep they may be now.</summary>
    public int Deepest { get; private set; } = DeepestOfAll;

    /// <summary>Counts one more.</summary>
    /// <exception cref="InsufficientExecutionStackException">They are too many.</exception>
    public void Begin(int depth)
    {
        if (Interlocked.Increment(ref _running) <= most && !_full || depth <= Recurs)
            return;
        Interlocked.Decrement(ref _running);
        var error = new InsufficientExecutionStackException(string.Create(CultureInfo.InvariantCulture,
            $"More than {most:N0} calls of asynchronous functions that lead to one another have not ended, most likely by endless recursion."));
        if (!_full)
        {
            // No other begins until they have gone; the cell need not wait for that.
            _full = true;
            CellContext.Current?.Fail(error, new StackTrace(fNeedFileInfo: true));
        }
        throw error;
    }

    /// <summary>One has ended.</summary>
    public void End()
    {
        if (Interlocked.Decrement(ref _running) < most / 64 && _full)
            _full = false;
    }

    /// <summary>Lets them be less deep for a while: where every call makes two that recur, each would go as deep again while the first
    /// one's exception is on its way.</summary>
    public void Halve()
    {
        if (Deepest == 0)
            return;
        Deepest /= 2;
        _halved = Stopwatch.GetTimestamp();
    }

    public void Recover()
    {
        if (Deepest < DeepestOfAll && Stopwatch.GetElapsedTime(_halved) > Recovers)
            Deepest = DeepestOfAll;
    }
}
