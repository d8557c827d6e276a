using System.Diagnostics;
using System.Runtime.InteropServices;
using XtNotebooks.Kernel.Cli;

namespace XtNotebooks.Kernel.Jupyter;

/// <summary>The end of a kernel that was asked to end, also where a cell's or an extension's code stands in its way.</summary>
internal static class ProcessEnd
{
    /// <summary>Ends the process after this time if it has not ended of itself.</summary>
    public static void Within(TimeSpan time, TextWriter log)
    {
        // A thread of its own: neither the pool nor the timers' thread need be free.
        new Thread(() =>
        {
            Thread.Sleep(time);
            log.WriteLine("xt-notebooks: what a cell has registered for its end, or for that of the process, takes too long; it is left out.");
            // To the one who asked it is an end in order all the same.
            if (!OperatingSystem.IsWindows())
                Exit(ExitCode.Ok);
            Process.GetCurrentProcess().Kill();
        })
        { Name = "End of the process", IsBackground = true }.UnsafeStart();
    }

    /// <summary>At once, without what is registered for the end.</summary>
    [DllImport("libc", EntryPoint = "_exit", ExactSpelling = true)]
    [DefaultDllImportSearchPaths(DllImportSearchPath.SafeDirectories)]
    private static extern void Exit(int code);
}
