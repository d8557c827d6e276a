using System.Text;
using System.Text.Json;
using System.Text.Json.Nodes;

namespace XtNotebooks.Kernel.Notebooks;

/// <summary>Writes JSON laid out as Jupyter writes notebooks, so that a version control system shows only what changed: one space of
/// indent, text beyond ASCII as it is, a line feed at the end. Keys keep their order.</summary>
internal static class NotebookJson
{
    public static string Write(JsonNode node)
    {
        var text = new StringBuilder();
        WriteNode(text, node, 0);
        return text.Append('\n').ToString();
    }

    private static void WriteNode(StringBuilder text, JsonNode? node, int depth)
    {
        switch (node)
        {
            case null:
                text.Append("null");
                break;
            case JsonObject { Count: 0 }:
                text.Append("{}");
                break;
            case JsonArray { Count: 0 }:
                text.Append("[]");
                break;
            case JsonObject members:
                var separator = '{';
                foreach (var (key, value) in members)
                {
                    NewLine(text.Append(separator), depth + 1);
                    WriteString(text, key);
                    text.Append(": ");
                    WriteNode(text, value, depth + 1);
                    separator = ',';
                }
                NewLine(text, depth).Append('}');
                break;
            case JsonArray items:
                separator = '[';
                foreach (var item in items)
                {
                    NewLine(text.Append(separator), depth + 1);
                    WriteNode(text, item, depth + 1);
                    separator = ',';
                }
                NewLine(text, depth).Append(']');
                break;
            default:
                WriteValue(text, node.AsValue());
                break;
        }
    }

    private static void WriteValue(StringBuilder text, JsonValue value)
    {
        if (value.GetValueKind() != JsonValueKind.String)
        {
            text.Append(value.ToJsonString());
            return;
        }
        string content;
        try
        {
            content = value.GetValue<string>();
        }
        catch (InvalidOperationException)
        {
            // Half a surrogate pair, which JSON can spell but .NET text cannot be made from: leave it as the file spelled it.
            text.Append(value.GetValue<JsonElement>().GetRawText());
            return;
        }
        WriteString(text, content);
    }

    private static void WriteString(StringBuilder text, string content)
    {
        text.Append('"');
        for (var i = 0; i < content.Length; i++)
        {
            var c = content[i];
            if (char.IsHighSurrogate(c) && i + 1 < content.Length && char.IsLowSurrogate(content[i + 1]))
            {
                text.Append(c).Append(content[++i]);
                continue;
            }
            _ = c switch
            {
                '"' => text.Append("\\\""),
                '\\' => text.Append("\\\\"),
                '\n' => text.Append("\\n"),
                '\r' => text.Append("\\r"),
                '\t' => text.Append("\\t"),
                '\b' => text.Append("\\b"),
                '\f' => text.Append("\\f"),
                // Half a pair is no character: no file can hold it, and nobody could read this text again.
                >= '\ud800' and <= '\udfff' => text.Append('\ufffd'),
                < ' ' => text.Append("\\u00").Append(((int)c).ToString("x2", System.Globalization.CultureInfo.InvariantCulture)),
                _ => text.Append(c),
            };
        }
        text.Append('"');
    }

    private static StringBuilder NewLine(StringBuilder text, int depth) => text.Append('\n').Append(' ', depth);
}
