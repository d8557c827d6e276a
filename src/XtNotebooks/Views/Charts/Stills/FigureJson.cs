using System.Net;
using System.Text.Json;
using System.Text.RegularExpressions;

namespace XtNotebooks.Views;

/// <summary>Reads parts of a Plotly figure, which may lack any of them or hold another kind of value in its place.</summary>
internal static partial class FigureJson
{
    /// <summary>The figure's traces that are objects.</summary>
    public static List<JsonElement> Traces(JsonElement figure) => [.. (Elements(figure, "data") ?? []).Where(trace => trace.ValueKind == JsonValueKind.Object)];

    /// <summary>A trace's name as a reader sees it.</summary>
    public static string Name(JsonElement trace, int index) => Label(trace, "name") is { Length: > 0 } name ? name : $"trace {index + 1}";

    /// <summary>The trace's kind; a scatter where it does not say.</summary>
    public static string Kind(JsonElement trace) => Label(trace, "type") ?? "scatter";

    /// <summary>A text, or the text of an object that holds one, as titles are written in two ways; without tags.</summary>
    public static string? Label(JsonElement? element, string name) => Child(element, name) switch
    {
        { ValueKind: JsonValueKind.String } text => Plain(text.GetString()!),
        { ValueKind: JsonValueKind.Object } node when Child(node, "text") is { ValueKind: JsonValueKind.String } text => Plain(text.GetString()!),
        _ => null,
    };

    public static JsonElement? Child(JsonElement? element, string name) =>
        element is { ValueKind: JsonValueKind.Object } node && node.TryGetProperty(name, out var child) ? child : null;

    /// <summary>An array's elements; null where there is none.</summary>
    public static List<JsonElement>? Elements(JsonElement? element, string name) =>
        Child(element, name) is { ValueKind: JsonValueKind.Array } array ? [.. array.EnumerateArray()] : null;

    public static double? Number(JsonElement? element, string name) =>
        Child(element, name) is { ValueKind: JsonValueKind.Number } number && double.IsFinite(number.GetDouble()) ? number.GetDouble() : null;

    /// <summary>Two numbers, as ranges and domains are written.</summary>
    public static (double From, double To)? Pair(JsonElement? element, string name) =>
        Elements(element, name) is [{ ValueKind: JsonValueKind.Number } from, { ValueKind: JsonValueKind.Number } to] ? (from.GetDouble(), to.GetDouble()) : null;

    /// <summary>A text of Plotly's without the tags that it may hold.</summary>
    public static string Plain(string text) => WebUtility.HtmlDecode(Tag().Replace(text, ""));

    [GeneratedRegex("<[^>]*>")]
    private static partial Regex Tag();
}
