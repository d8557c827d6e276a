using System.Runtime.InteropServices;
using TorchSharp;

namespace XtNotebooks.Transformers.Native;

/// <summary>Keeps the numbers of tensor operations in a place of their own, alive while libtorch reads them.</summary>
/// <remarks><c>x + 1</c> makes a managed <see cref="Scalar"/>, and TorchSharp 0.107 lets go of it while libtorch still reads what it owns: a
/// garbage collection on another thread then makes the operation fail, or compute with another number, about once in 1,500 collections. And
/// thousands of them wait on the heap for their collection, between tensors whose memory then cannot be joined again. A small library of our own
/// takes the place of the functions that make and free scalars. See scalars.c.</remarks>
internal static class ScalarGuard
{
    private const string Name = "libxtscalars.so";

    // In the order of xt_bridge in scalars.c.
    private static readonly string[] Functions =
    [
        "dispose_scalar", .. new[] { "int8", "uint8", "int16", "int32", "int64", "float32", "float64", "float16", "bfloat16", "bool", "complex32", "complex64" }
            .Select(type => $"{type}_to_scalar"),
    ];

    /// <summary>Stands the guard before the bridge, which is loaded; false where it cannot, and then all is as TorchSharp made it.</summary>
    public static bool Install(string bridge, LibraryCache cache)
    {
        try
        {
            var guard = NativeLibrary.Load(Store(cache));
            var (original, table) = (NativeLibrary.Load(bridge), NativeLibrary.GetExport(guard, "xt_bridge"));
            var functions = Functions.Select(name => NativeLibrary.GetExport(original, $"THSTorch_{name}")).ToArray();
            Marshal.Copy(functions, 0, table, functions.Length);
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
