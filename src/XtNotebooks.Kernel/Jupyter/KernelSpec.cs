using System.Text.Json;
using System.Text.Json.Nodes;
using XtNotebooks.Kernel.Cli;

namespace XtNotebooks.Kernel.Jupyter;

/// <summary>The folder by which Jupyter knows the kernel: <c>kernels/xt-csharp</c> with its <c>kernel.json</c>.</summary>
internal static class KernelSpec
{
    /// <summary>The name that notebooks carry.</summary>
    public const string Name = "xt-csharp";

    private static readonly JsonSerializerOptions Indented = new()
        { WriteIndented = true, Encoder = System.Text.Encodings.Web.JavaScriptEncoder.UnsafeRelaxedJsonEscaping };

    /// <summary>Writes the kernelspec below a Jupyter data folder, such as <c>~/.local/share/jupyter</c>.</summary>
    /// <returns>The kernelspec's folder.</returns>
    /// <exception cref="CommandException">The folder cannot be written.</exception>
    public static string Install(string jupyterDataFolder, IReadOnlyList<string> tool, string? dotnetRoot)
    {
        var folder = Path.Combine(jupyterDataFolder, "kernels", Name);
        try
        {
            Directory.CreateDirectory(folder);
            File.WriteAllText(Path.Combine(folder, "kernel.json"), Json(tool, dotnetRoot));
            foreach (var logo in (string[])["logo-32x32.png", "logo-64x64.png", "logo-svg.svg"])
            {
                using var resource = typeof(KernelSpec).Assembly.GetManifestResourceStream(logo)!;
                using var file = File.Create(Path.Combine(folder, logo));
                resource.CopyTo(file);
            }
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            throw new CommandException($"The kernelspec cannot be written to '{folder}': {error.Message}", error);
        }
        return folder;
    }

    /// <summary>The text of <c>kernel.json</c>.</summary>
    /// <param name="tool">The words that start this tool.</param>
    /// <param name="dotnetRoot">Where .NET is installed, for a front end that starts without the user's environment; null to leave it
    /// out.</param>
    public static string Json(IReadOnlyList<string> tool, string? dotnetRoot)
    {
        var spec = new JsonObject
        {
            ["argv"] = new JsonArray([.. tool.Concat(["kernel", "--connection-file", "{connection_file}"]).Select(word => (JsonNode)word)]),
            ["display_name"] = "C# (XtNotebooks)",
            ["language"] = "C#",
            // SIGINT works too, but a message also reaches a kernel on another machine.
            ["interrupt_mode"] = "message",
            ["metadata"] = new JsonObject { ["debugger"] = false },
        };
        // glibc gives each thread that allocates a heap of its own, and libtorch's tensors scatter over them: with two, the first guided
        // notebook keeps 570 MB where it kept 700. Other systems do not know the variable.
        var environment = new JsonObject { ["MALLOC_ARENA_MAX"] = "2" };
        if (dotnetRoot is not null)
            environment["DOTNET_ROOT"] = dotnetRoot;
        spec["env"] = environment;
        return spec.ToJsonString(Indented) + "\n";
    }
}
