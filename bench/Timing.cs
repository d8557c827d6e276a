using System.Diagnostics;

namespace XtNotebooks.Bench;

/// <summary>Seconds of the parts of one measurement, in order.</summary>
internal sealed class Timing
{
    /// <summary>Counts the processor time of this process instead of the time on the wall: the same however busy the machine is with others.</summary>
    /// <remarks>Compare with one thread only: threads that wait for each other count, too.</remarks>
    public static bool CountsProcessorTime { get; set; }

    private readonly Dictionary<string, double> _seconds = [];

    public IReadOnlyDictionary<string, double> Seconds => _seconds;

    /// <summary>Runs a part and adds its time.</summary>
    public T Part<T>(string name, Func<T> part)
    {
        var start = Now();
        var result = part();
        _seconds[name] = _seconds.GetValueOrDefault(name) + (Now() - start).TotalSeconds;
        return result;
    }

    /// <summary>Runs a part and adds its time.</summary>
    public void Part(string name, Action part) => Part(name, () => { part(); return 0; });

    private static TimeSpan Now() =>
        CountsProcessorTime && !OperatingSystem.IsIOS() && !OperatingSystem.IsTvOS() ? Environment.CpuUsage.TotalTime : Stopwatch.GetElapsedTime(0);
}

/// <summary>What is left of many runs on a machine that is not ours alone.</summary>
internal static class Statistics
{
    public static double Median(IEnumerable<double> values)
    {
        var sorted = values.Order().ToArray();
        return sorted.Length % 2 == 1 ? sorted[sorted.Length / 2] : (sorted[sorted.Length / 2 - 1] + sorted[sorted.Length / 2]) / 2;
    }
}
