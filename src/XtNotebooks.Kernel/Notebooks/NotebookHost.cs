using System.Text.Json.Nodes;

namespace XtNotebooks.Kernel.Notebooks;

/// <summary>The two hosts of C# notebooks, as a notebook's metadata names them; its cells are the same for both.</summary>
/// <param name="Name">As typed on the command line.</param>
/// <param name="Kernelspec">What a front end starts for the notebook.</param>
/// <param name="LanguageInfo">What a front end knows of the language before the kernel has told.</param>
/// <param name="Polyglot">Which language a cell is in unless it says so itself; null where there is but one.</param>
internal sealed record NotebookHost(string Name, JsonObject Kernelspec, JsonObject LanguageInfo, JsonObject? Polyglot)
{
    private const string PolyglotKey = "polyglot_notebook";

    public static NotebookHost XtNotebooks { get; } = new("xt-notebooks",
        new() { ["display_name"] = "C# (XtNotebooks)", ["language"] = "C#", ["name"] = "xt-csharp" },
        new() { ["file_extension"] = ".cs", ["mimetype"] = "text/x-csharp", ["name"] = "C#", ["pygments_lexer"] = "csharp" },
        null);

    public static NotebookHost DotnetInteractive { get; } = new("dotnet-interactive",
        new() { ["display_name"] = ".NET (C#)", ["language"] = "C#", ["name"] = ".net-csharp" },
        new() { ["file_extension"] = ".cs", ["mimetype"] = "text/x-csharp", ["name"] = "polyglot-notebook", ["pygments_lexer"] = "csharp" },
        new() { ["kernelInfo"] = new JsonObject { ["defaultKernelName"] = "csharp",
            ["items"] = new JsonArray(new JsonObject { ["aliases"] = new JsonArray(), ["name"] = "csharp" }) } });

    public static IReadOnlyList<NotebookHost> All { get; } = [XtNotebooks, DotnetInteractive];

    /// <summary>Makes the notebook one of this host; cells, outputs and all other metadata stay as they are.</summary>
    public void Adopt(NotebookDocument notebook)
    {
        var metadata = notebook.Metadata;
        metadata["kernelspec"] = Kernelspec.DeepClone();
        metadata["language_info"] = LanguageInfo.DeepClone();
        metadata.Remove(PolyglotKey);
        if (Polyglot is not null)
            metadata[PolyglotKey] = Polyglot.DeepClone();
    }
}
