using System.Runtime.InteropServices;
using System.Runtime.Loader;
using TorchSharp;

namespace XtNotebooks.Transformers.Native;

/// <summary>Loads libtorch and TorchSharp's bridge to it before TorchSharp is first used.</summary>
/// <remarks>Left alone, TorchSharp 0.107 copies 478 MB beside its assembly on first use from a package cache, and does not load at all where
/// libstdc++ is older than GCC 13's (Debian 12, Ubuntu 22.04). Here the libraries are loaded from where they are, and only the bridge
/// (3 MB) is adapted, where needed, in a cache folder. TorchSharp then finds everything loaded, with a guard before the bridge that keeps numbers
/// alive while libtorch reads them. Once TorchSharp has failed to start, it fails
/// for the rest of the process; hence the call must come first: a project that references the package gets it compiled in, a notebook gets it from
/// the extension.</remarks>
public static class LibTorch
{
    private static readonly Lock Gate = new();

    /// <summary>What was loaded, or null before the first <see cref="EnsureLoaded"/> that succeeded.</summary>
    public static LoadedLibTorch? Loaded { get; private set; }

    /// <summary>Loads libtorch unless that was done before; a call that failed may be repeated after a backend was added.</summary>
    /// <param name="nativeDirectories">Folders with native libraries of the packages that a notebook has referenced, as its host tells them;
    /// null or empty in an application.</param>
    /// <exception cref="LibTorchException">No backend is referenced, or it does not load; the message says what to do.</exception>
    public static LoadedLibTorch EnsureLoaded(IReadOnlyList<string>? nativeDirectories = null)
    {
        lock (Gate)
            return Loaded ??= Load(SearchPlaces.OfThisProcess(nativeDirectories ?? []));
    }

    /// <summary>One line on how libtorch was loaded, or why it was not, for people.</summary>
    public static string Describe(IReadOnlyList<string>? nativeDirectories = null)
    {
        try
        {
            return EnsureLoaded(nativeDirectories).ToString();
        }
        catch (LibTorchException e)
        {
            return e.Message;
        }
    }

    /// <summary>What a program that references the package runs at its start: as <see cref="EnsureLoaded"/>, but a failure is one line on
    /// standard error, since the program may never need a tensor.</summary>
    public static void LoadAtStartup()
    {
        try
        {
            EnsureLoaded();
        }
        catch (LibTorchException e)
        {
            Console.Error.WriteLine(e.Message);
        }
    }

    /// <summary>What a notebook runs when no backend was referenced yet: loads at TorchSharp's first use what has been referenced until then.</summary>
    /// <param name="nativeDirectories">Asked at that moment; see <see cref="EnsureLoaded"/>.</param>
    public static void LoadOnFirstUse(Func<IReadOnlyList<string>> nativeDirectories)
    {
        ArgumentNullException.ThrowIfNull(nativeDirectories);
        // Each assembly of a script may have a load context of its own; TorchSharp asks the one it is in.
        AssemblyLoadContext.GetLoadContext(typeof(torch).Assembly)!.ResolvingUnmanagedDll += (_, name) => Resolve(name, nativeDirectories);
    }

    /// <summary>A library that TorchSharp asks for by name; zero for others, and where there is none.</summary>
    internal static nint Resolve(string name, Func<IReadOnlyList<string>> nativeDirectories)
    {
        if (name is not ("torch_cpu" or "torch_cuda" or "LibTorchSharp"))
            return 0;
        try
        {
            var loaded = EnsureLoaded(nativeDirectories());
            // It is loaded already: this only gives out its handle.
            return loaded.Bridge.Length == 0 ? 0
                : NativeLibrary.TryLoad(name == "LibTorchSharp" ? loaded.Bridge : Path.Combine(loaded.Directory, $"lib{name}.so"), out var handle) ? handle
                : 0;
        }
        catch (LibTorchException e)
        {
            Console.Error.WriteLine(e.Message);
            return 0;
        }
    }

    private static LoadedLibTorch Load(SearchPlaces places)
    {
        // Elsewhere TorchSharp's own loading works; on other processors it has no libraries to load.
        if (!OperatingSystem.IsLinux() || RuntimeInformation.ProcessArchitecture != Architecture.X64)
        {
            MissingBackend.Check(places, OperatingSystem.IsWindows() ? "torch_cpu.dll" : OperatingSystem.IsMacOS() ? "libtorch_cpu.dylib" : "libtorch_cpu.so");
            return new LoadedLibTorch(LibTorchBackend.LeftToTorchSharp, "", "", [], places.LibTorchVersion);
        }

        var choice = BackendChoice.Make(places);
        foreach (var library in CudaFragments.Unstitched(choice.Directories))
            CudaFragments.Stitch(library);
        foreach (var library in choice.LoadOrder())
            NativeLoad.Library(library);
        var cache = LibraryCache.OfThisUser(places.TorchSharpVersion);
        var (bridge, adapted) = NativeLoad.Bridge(choice.Bridge, cache);
        return new LoadedLibTorch(choice.Backend, Path.GetDirectoryName(choice.TorchCpu)!, bridge, adapted, places.LibTorchVersion)
        {
            GuardsScalars = ScalarGuard.Install(bridge, cache),
        };
    }
}
