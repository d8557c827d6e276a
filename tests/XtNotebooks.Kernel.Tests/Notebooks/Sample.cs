using System.Text.Json.Nodes;
using XtNotebooks.Kernel.Notebooks;

namespace XtNotebooks.Kernel.Tests.Notebooks;

/// <summary>Notebooks written in a line.</summary>
internal static class Sample
{
    public static NotebookDocument Document(params Cell[] cells) => NotebookDocument.Parse(Json(cells), "sample.ipynb");

    public static string Json(params Cell[] cells)
    {
        var list = new JsonArray();
        for (var i = 0; i < cells.Length; i++)
            list.Add(cells[i].ToJson($"cell-{i}"));
        return new JsonObject
        {
            ["cells"] = list,
            ["metadata"] = new JsonObject { ["kernelspec"] = new JsonObject { ["display_name"] = "C#", ["language"] = "C#", ["name"] = "xt-csharp" } },
            ["nbformat"] = 4,
            ["nbformat_minor"] = 5,
        }.ToJsonString();
    }

    public static Cell Code(string source, params string[] tags) => new("code", source, tags);

    public static Cell Markdown(string source) => new("markdown", source, []);

    internal sealed record Cell(string Type, string Source, string[] Tags)
    {
        public JsonObject ToJson(string id)
        {
            var metadata = new JsonObject();
            if (Tags.Length > 0)
                metadata["tags"] = new JsonArray([.. Tags.Select(tag => (JsonNode)JsonValue.Create(tag))]);
            var cell = new JsonObject { ["cell_type"] = Type, ["id"] = id, ["metadata"] = metadata, ["source"] = MultilineText.Split(Source) };
            if (Type == "code")
            {
                cell["execution_count"] = 99;
                cell["outputs"] = new JsonArray(new JsonObject { ["name"] = "stdout", ["output_type"] = "stream", ["text"] = "from an earlier run" });
            }
            return cell;
        }
    }
}
