using System.Globalization;

namespace XtNotebooks.Kernel.Jupyter;

/// <summary>The Jupyter server that started the kernel: without it the kernel has nobody to serve.</summary>
internal static class ParentProcess
{
    private static readonly TimeSpan Interval = TimeSpan.FromSeconds(2);

    /// <summary>Calls <paramref name="gone"/> once the process that <c>JPY_PARENT_PID</c> names has ended; null where the variable is not
    /// set.</summary>
    public static IDisposable? Watch(Action gone, TimeProvider time)
    {
        if (!int.TryParse(Environment.GetEnvironmentVariable("JPY_PARENT_PID"), NumberStyles.None, CultureInfo.InvariantCulture, out var id)
            || id <= 1 || !OperatingSystem.IsLinux() || !IsAlive(id))
            return null;
        return time.CreateTimer(_ =>
        {
            if (!IsAlive(id))
                gone();
        }, null, Interval, Interval);
    }

    private static bool IsAlive(int id)
    {
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
}
