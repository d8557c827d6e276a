using System.Globalization;

namespace XtNotebooks.Bench;

/// <summary>What training holds on to.</summary>
internal static class Footprint
{
    /// <summary>Highest resident memory of this process after some training steps, in MiB.</summary>
    public static double PeakMemory(Workload workload, int steps)
    {
        using var training = new Training(workload);
        for (var i = 0; i < steps; i++) training.Step(new Timing());
        var line = File.ReadLines("/proc/self/status").Single(l => l.StartsWith("VmHWM:", StringComparison.Ordinal));
        return double.Parse(line["VmHWM:".Length..].Replace("kB", "", StringComparison.Ordinal), CultureInfo.InvariantCulture) / 1024;
    }

    /// <summary>Live tensors after a few steps and after many: the same number, if nothing leaks.</summary>
    public static (long Early, long Late) LiveTensors(Workload workload, int steps)
    {
        using var training = new Training(workload);
        for (var i = 0; i < 10; i++) training.Step(new Timing());
        var early = Live();
        for (var i = 10; i < steps; i++) training.Step(new Timing());
        return (early, Live());
    }

    private static long Live() => DisposeScopeManager.Statistics.ThreadTotalLiveCount;
}
