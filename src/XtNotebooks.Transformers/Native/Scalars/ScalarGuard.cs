using System.Runtime.InteropServices;
using TorchSharp;

namespace XtNotebooks.Transformers.Native;

/// <summary>Keeps the numbers of tensor operations alive while libtorch reads them.</summary>
/// <remarks><c>x + 1</c> makes a managed <see cref="Scalar"/>, and TorchSharp 0.107 lets go of it while libtorch still reads what it owns: a
/// garbage collection on another thread then makes the operation fail, or compute with another number, about once in 1,500 collections. A small
/// library of our own takes the place of the one function that frees scalars, and frees each of them late. See scalars.c.</remarks>
internal static class ScalarGuard
{
    private const string Name = "libxtscalars.so";

    /// <summary>Stands the guard before the bridge, which is loaded; false where it cannot, and then all is as TorchSharp made it.</summary>
    public static bool Install(string bridge, LibraryCache cache)
    {
        try
        {
            var guard = NativeLibrary.Load(Store(cache));
            var dispose = NativeLibrary.GetExport(NativeLibrary.Load(bridge), "THSTorch_dispose_scalar");
            Marshal.WriteIntPtr(NativeLibrary.GetExport(guard, "xt_dispose_scalar"), dispose);
            // What the guard does not export itself is found in the bridge, which it depends on.
            NativeLibrary.SetDllImportResolver(typeof(torch).Assembly, (name, _, _) => name == "LibTorchSharp" ? guard : 0);
            return true;
        }
        catch (Exception e) when (e is DllNotFoundException or BadImageFormatException or EntryPointNotFoundException or LibTorchException
            or InvalidOperationException)
        {
            // Among them: another program's resolver is in place, or the cache folder cannot be written.
            return false;
        }
    }

    private static string Store(LibraryCache cache)
    {
        using var resource = typeof(ScalarGuard).Assembly.GetManifestResourceStream(Name)!;
        var content = new byte[resource.Length];
        resource.ReadExactly(content);
        return cache.Store(Name, content);
    }
}
