using System.Runtime.InteropServices;
using System.Text.RegularExpressions;
using XtNotebooks.Transformers.Native;

namespace XtNotebooks.Bench;

/// <summary>Which library computes the matrix products, as libtorch itself tells.</summary>
internal static partial class Blas
{
    // std::string at::show_config(), which TorchSharp does not offer: the caller gives the room, the first two words are text and length.
    private const string ShowConfig = "_ZN2at11show_configB5cxx11Ev";

    public static unsafe string OfLibTorch()
    {
        const string unknown = "unknown BLAS";
        var directory = LibTorch.EnsureLoaded().Directory;
        if (directory.Length == 0 || !NativeLibrary.TryLoad(Path.Combine(directory, "libtorch_cpu.so"), out var library)) return unknown;
        if (!NativeLibrary.TryGetExport(library, ShowConfig, out var function)) return unknown;
        var room = stackalloc nint[4];
        ((delegate* unmanaged<nint*, nint*>)function)(room);
        var config = Marshal.PtrToStringUTF8(room[0], (int)room[1]);
        var name = BlasInfo().Match(config) is { Success: true } found ? found.Groups[1].Value.ToUpperInvariant() : unknown;
        return MathLibrary().Match(config) is { Success: true } version ? $"{name} {version.Groups[1].Value}" : name;
    }

    [GeneratedRegex(@"BLAS_INFO=(\w+)")]
    private static partial Regex BlasInfo();

    [GeneratedRegex(@"Math Kernel Library Version (\S+)")]
    private static partial Regex MathLibrary();
}
