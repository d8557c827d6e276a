using System.Text.Json.Nodes;

namespace XtNotebooks.Kernel.Notebooks;

/// <summary>Text as notebook files hold it: a list of lines, each with its line feed, or one string.</summary>
internal static class MultilineText
{
    public static JsonArray Split(string text)
    {
        var lines = new JsonArray();
        for (var start = 0; start < text.Length;)
        {
            var feed = text.IndexOf('\n', start);
            var end = feed < 0 ? text.Length : feed + 1;
            lines.Add((JsonNode)JsonValue.Create(text[start..end]));
            start = end;
        }
        return lines;
    }

    public static string Join(JsonNode? node) =>
        node is JsonArray lines ? string.Concat(lines.Select(line => line?.ToString())) : node?.ToString() ?? "";
}
