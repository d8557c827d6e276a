using System.Text.Json.Nodes;

namespace XtNotebooks.Kernel.Notebooks;

/// <summary>Which language a notebook, or one of its cells, says it is written in.</summary>
internal static class NotebookLanguage
{
    private static readonly string[] CSharpNames = ["c#", "csharp", "cs", "c#script"];

    /// <summary>Refuses a notebook that says it is in another language; one that says nothing is taken for C#.</summary>
    /// <exception cref="NotebookException">It is in another language.</exception>
    public static void RequireCSharp(NotebookDocument notebook, string name)
    {
        var kernelspec = notebook.Metadata["kernelspec"] as JsonObject;
        // VS Code's polyglot notebooks call the language of the whole "polyglot-notebook" and tell C# by the kernel.
        var language = Text(kernelspec?["language"]) ?? Text((notebook.Metadata["language_info"] as JsonObject)?["name"]);
        if (language is null || IsCSharp(language) || Text(kernelspec?["name"]) is ".net-csharp" or "xt-csharp")
            return;
        throw new NotebookException(
            $"'{name}' is a notebook in {language}; this tool runs C# notebooks (its kernel is called \"C# (XtNotebooks)\").");
    }

    /// <summary>The other language that a polyglot notebook's cell is written in; null for C#.</summary>
    public static string? Foreign(NotebookCell cell)
    {
        var language = Text((cell.Metadata["polyglot_notebook"] as JsonObject)?["kernelName"])
            ?? Text((cell.Metadata["dotnet_interactive"] as JsonObject)?["language"]);
        return language is null || IsCSharp(language) ? null : language;
    }

    private static bool IsCSharp(string language) => CSharpNames.Contains(language, StringComparer.OrdinalIgnoreCase);

    private static string? Text(JsonNode? node) =>
        node is JsonValue value && value.TryGetValue(out string? text) && text.Length > 0 ? text : null;
}
