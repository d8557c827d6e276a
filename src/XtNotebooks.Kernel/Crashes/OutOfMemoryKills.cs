using System.Globalization;

namespace XtNotebooks.Kernel.Crashes;

/// <summary>How often Linux has ended a process because memory ran out, on this machine or in this container.</summary>
internal static class OutOfMemoryKills
{
    /// <summary>The count since the system's start; 0 where the system does not tell.</summary>
    public static long Count()
    {
        try
        {
            foreach (var line in File.ReadLines("/proc/vmstat"))
            {
                if (line.StartsWith("oom_kill ", StringComparison.Ordinal))
                    return long.Parse(line.AsSpan("oom_kill ".Length), CultureInfo.InvariantCulture);
            }
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException or FormatException)
        {
            // Not Linux, or hidden from this process.
        }
        return 0;
    }
}
