using System.Text.Json;
using XtNotebooks.Extensibility;
using XtNotebooks.Kernel.Jupyter.Wire;

namespace XtNotebooks.Kernel.Jupyter.Output;

/// <summary>Writes a bundle as the <c>data</c> and <c>metadata</c> of Jupyter's messages.</summary>
internal static class BundleJson
{
    public static void WriteBundle(this Utf8JsonWriter json, MimeBundle bundle)
    {
        json.WriteStartObject("data");
        foreach (var (mimeType, text) in bundle.Data)
        {
            json.WritePropertyName(mimeType);
            // JSON goes on the wire as JSON, not as text that holds JSON.
            if (IsJson(mimeType) && IsValid(text))
                json.WriteRawValue(text, skipInputValidation: true);
            else
                json.WriteStringValue(JsonContent.WellFormed(text));
        }
        json.WriteEndObject();
        json.WriteStartObject("metadata");
        json.WriteEndObject();
    }

    private static bool IsJson(string mimeType) => mimeType is "application/json" || mimeType.EndsWith("+json", StringComparison.Ordinal);

    private static bool IsValid(string text)
    {
        if (JsonContent.WellFormed(text) != text)
            return false;
        try
        {
            using var document = JsonDocument.Parse(text, new JsonDocumentOptions { MaxDepth = 512 });
            return true;
        }
        catch (JsonException)
        {
            return false;
        }
    }
}
