using System.Runtime.InteropServices;

namespace XtNotebooks.Kernel.Jupyter;

/// <summary>Gives memory that native code has freed back to the system, once a kernel has nothing to do after a cell that ran long:
/// glibc keeps it,
/// and after a training that is a fifth of the process.</summary>
internal sealed class IdleMemory
{
    /// <summary>The next cell of "Run all" comes sooner.</summary>
    public static readonly TimeSpan Idle = TimeSpan.FromMilliseconds(300);

    /// <summary>Shorter cells leave little behind.</summary>
    public static readonly TimeSpan LongCell = TimeSpan.FromSeconds(1);

    private readonly Lock gate = new();
    private readonly TimeProvider time;
    private readonly Action trim;
    private readonly ITimer timer;
    private int running;
    private bool due;

    /// <param name="time">The clock.</param>
    /// <param name="trim">Gives the memory back; glibc's function if not given.</param>
    public IdleMemory(TimeProvider time, Action? trim = null)
    {
        this.time = time;
        this.trim = trim ?? Trim;
        timer = time.CreateTimer(_ => Act(), null, Timeout.InfiniteTimeSpan, Timeout.InfiniteTimeSpan);
    }

    /// <summary>Notes that a cell runs, until the result is disposed of.</summary>
    public IDisposable Begin()
    {
        lock (gate)
        {
            running++;
            timer.Change(Timeout.InfiniteTimeSpan, Timeout.InfiniteTimeSpan);
        }
        return new Running(this, time.GetTimestamp());
    }

    private void End(long began)
    {
        lock (gate)
        {
            running--;
            due |= time.GetElapsedTime(began) >= LongCell;
            if (due && running == 0)
                timer.Change(Idle, Timeout.InfiniteTimeSpan);
        }
    }

    private void Act()
    {
        lock (gate)
        {
            if (running > 0 || !due)
                return;
            due = false;
        }
        // It takes some milliseconds, in which other timers must not wait.
        new Thread(() => trim()) { Name = "Trim", IsBackground = true }.UnsafeStart();
    }

    private static void Trim()
    {
        if (OperatingSystem.IsLinux() && Find.Value is { } mallocTrim)
            _ = mallocTrim(0);
    }

    [UnmanagedFunctionPointer(CallingConvention.Cdecl)]
    private delegate int MallocTrim(nuint keep);

    /// <summary>Other C libraries, musl for one, have no such function and do not need it.</summary>
    private static readonly Lazy<MallocTrim?> Find = new(() =>
        NativeLibrary.TryLoad("libc.so.6", out var library) && NativeLibrary.TryGetExport(library, "malloc_trim", out var function)
            ? Marshal.GetDelegateForFunctionPointer<MallocTrim>(function)
            : null);

    private sealed class Running(IdleMemory memory, long began) : IDisposable
    {
        public void Dispose() => memory.End(began);
    }
}
