using System.ComponentModel;
using System.Diagnostics;
using System.Globalization;

namespace XtNotebooks.Kernel.Jupyter;

/// <summary>The processes that the kernel lives for: the Jupyter server that started it, and the one that supervises it. Without them it
/// has nobody to serve.</summary>
internal static class ParentProcess
{
    private static readonly TimeSpan Interval = TimeSpan.FromSeconds(2);

    /// <summary>The server that <c>JPY_PARENT_PID</c> names; null where the variable is not set, where it names nothing that can be seen
    /// from here, such as a process of another container, and on Windows, where it is a handle.</summary>
    public static int? Server => !OperatingSystem.IsWindows()
        && int.TryParse(Environment.GetEnvironmentVariable("JPY_PARENT_PID"), NumberStyles.None, CultureInfo.InvariantCulture, out var id)
        && IsAlive(id) ? id : null;

    /// <summary>Calls <paramref name="gone"/> once a process has ended, also where it had before; null where there is none to
    /// watch.</summary>
    public static IDisposable? Watch(int? process, Action gone, TimeProvider time)
    {
        if (process is not { } id || id <= 1)
            return null;
        return time.CreateTimer(_ =>
        {
            if (!IsAlive(id))
                gone();
        }, null, Interval, Interval);
    }

    private static bool IsAlive(int id)
    {
        if (!OperatingSystem.IsLinux())
            return IsKnown(id);
        try
        {
            // A process that has ended but whose own parent has not taken notice is a zombie, Z.
            var stat = File.ReadAllText($"/proc/{id}/stat");
            return stat[(stat.LastIndexOf(')') + 2)..][0] is not ('Z' or 'X');
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            return false;
        }
    }

    private static bool IsKnown(int id)
    {
        try
        {
            using var process = Process.GetProcessById(id);
            return !process.HasExited;
        }
        catch (ArgumentException)
        {
            return false;
        }
        catch (Exception error) when (error is Win32Exception or InvalidOperationException)
        {
            // It is there, but somebody else's.
            return true;
        }
    }
}
