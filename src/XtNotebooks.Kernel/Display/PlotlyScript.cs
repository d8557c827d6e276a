using System.IO.Compression;
using System.Reflection;
using System.Reflection.Metadata;
using System.Reflection.PortableExecutable;

namespace XtNotebooks.Kernel.Display;

/// <summary>The script that draws Plotly figures: that of the Plotly.NET which made them, or the one that travels with the tool.</summary>
/// <param name="Name">Name and version, the value of <c>data-xt-script</c>.</param>
/// <param name="Payload">The script, gzip, then base64.</param>
internal sealed record PlotlyScript(string Name, string Payload)
{
    private const string Prefix = "Plotly.NET.plotly-", Suffix = ".min.js";

    /// <summary>A copy of the Plotly.NET assembly, of which nothing but its script is read; the ending keeps it from being taken for a
    /// library of the tool.</summary>
    private const string Carried = "plotly.library";

    private static readonly Lock Packing = new();
    private static PlotlyScript? s_last;

    /// <summary>The script for figures of this assembly.</summary>
    /// <exception cref="InvalidOperationException">Neither has it.</exception>
    public static PlotlyScript For(Assembly figures)
    {
        lock (Packing)
        {
            if (figures.GetName().Name == "Plotly.NET" && Array.Find(figures.GetManifestResourceNames(), IsScript) is { } name)
            {
                if (s_last?.Name == NameOf(name))
                    return s_last;
                using var source = figures.GetManifestResourceStream(name)!;
                return s_last = Pack(name, source);
            }
            return s_last ??= OfTheTool();
        }
    }

    /// <summary>The script that travels with the tool.</summary>
    internal static PlotlyScript OfTheTool()
    {
        using var file = File.OpenRead(Path.Combine(AppContext.BaseDirectory, Carried));
        using var assembly = new PEReader(file);
        var metadata = assembly.GetMetadataReader();
        foreach (var handle in metadata.ManifestResources)
        {
            var resource = metadata.GetManifestResource(handle);
            if (metadata.GetString(resource.Name) is not { } name || !IsScript(name))
                continue;
            // A resource is its length in four bytes, then its bytes. Source: ECMA-335, II.24.2.4.
            var resources = assembly.GetSectionData(assembly.PEHeaders.CorHeader!.ResourcesDirectory.RelativeVirtualAddress);
            var at = resources.GetReader((int)resource.Offset, resources.Length - (int)resource.Offset);
            using var source = new MemoryStream(at.ReadBytes(at.ReadInt32()));
            return Pack(name, source);
        }
        throw new InvalidOperationException($"{Carried} beside the tool has no script of Plotly; install the tool again.");
    }

    private static bool IsScript(string name) =>
        name.StartsWith(Prefix, StringComparison.Ordinal) && name.EndsWith(Suffix, StringComparison.Ordinal);

    private static string NameOf(string resource) => $"plotly.js/{resource[Prefix.Length..^Suffix.Length]}";

    private static PlotlyScript Pack(string resource, Stream source)
    {
        using var packed = new MemoryStream();
        using (var gzip = new GZipStream(packed, CompressionLevel.SmallestSize, leaveOpen: true))
            source.CopyTo(gzip);
        return new PlotlyScript(NameOf(resource), Convert.ToBase64String(packed.GetBuffer(), 0, (int)packed.Length));
    }
}
