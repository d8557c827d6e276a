using System.Diagnostics;
using System.Runtime.InteropServices;

namespace XtNotebooks.Bench;

/// <summary>Processor time of the calling thread: what a part of its work costs, however busy the machine is with others.</summary>
internal static partial class ThreadTime
{
    private const int ThreadClock = 3; // CLOCK_THREAD_CPUTIME_ID of Linux

    /// <summary>Seconds since the thread began; where nobody tells them, seconds on the wall.</summary>
    public static double Now => OperatingSystem.IsLinux() && ClockGetTime(ThreadClock, out var time) == 0
        ? time.Seconds + time.Nanoseconds / 1e9
        : Stopwatch.GetElapsedTime(0).TotalSeconds;

    /// <returns>Seconds.</returns>
    public static double Of(Action act)
    {
        var start = Now;
        act();
        return Now - start;
    }

    [LibraryImport("libc", EntryPoint = "clock_gettime")]
    [DefaultDllImportSearchPaths(DllImportSearchPath.SafeDirectories)]
    private static partial int ClockGetTime(int clock, out Time time);

    [StructLayout(LayoutKind.Sequential)]
    private readonly struct Time
    {
        public readonly nint Seconds, Nanoseconds;
    }
}
