using System.Globalization;
using System.Runtime.InteropServices;

namespace XtNotebooks.Kernel.Cli.Checks;

/// <summary>.NET and the machine it runs on.</summary>
internal static class SystemCheck
{
    public static IEnumerable<CheckLine> Lines()
    {
        // The runtime lies in ROOT/shared/Microsoft.NETCore.App/VERSION/, SDKs in ROOT/sdk/VERSION/.
        var root = Path.GetFullPath(Path.Combine(RuntimeEnvironment.GetRuntimeDirectory(), "..", "..", ".."));
        yield return new(".NET", $"{Environment.Version} in {root}; {Sdk(root)}");
        var memory = GC.GetGCMemoryInfo().TotalAvailableMemoryBytes / (double)(1L << 30);
        yield return new("system", string.Create(CultureInfo.InvariantCulture,
            $"{RuntimeInformation.OSDescription}, {RuntimeInformation.OSArchitecture}, {Environment.ProcessorCount} processors, {memory:0.0} GiB of memory"));
    }

    /// <summary>The newest SDK beside the runtime; to run notebooks none is needed.</summary>
    internal static string Sdk(string root)
    {
        var folder = Path.Combine(root, "sdk");
        var newest = Directory.Exists(folder)
            ? Directory.GetDirectories(folder).Select(each => Path.GetFileName(each)).Where(name => char.IsDigit(name[0]))
                .OrderByDescending(Number).FirstOrDefault()
            : null;
        return newest is null ? "no SDK (notebooks run without one)" : $"SDK {newest}";
    }

    private static Version Number(string name) => Version.TryParse(name.Split('-')[0], out var version) ? version : new Version();
}
