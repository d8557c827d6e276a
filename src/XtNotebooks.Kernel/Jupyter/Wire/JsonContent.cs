using System.Text;
using System.Text.Encodings.Web;
using System.Text.Json;

namespace XtNotebooks.Kernel.Jupyter.Wire;

/// <summary>Reading what a front end wrote without trusting its types, and writing text that need not be valid UTF-16.</summary>
internal static class JsonContent
{
    /// <summary>What lies in a script or a page is the front end's matter; on the wire only JSON's own escapes are needed.</summary>
    public static readonly JsonWriterOptions Writing = new()
        { Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping, SkipValidation = true };

    /// <summary>The text of a property; null where it is missing, another type, or broken.</summary>
    public static string? TextOrNull(this JsonElement element, string name)
    {
        if (element.ValueKind != JsonValueKind.Object || !element.TryGetProperty(name, out var value)
            || value.ValueKind != JsonValueKind.String)
            return null;
        try
        {
            return value.GetString();
        }
        catch (InvalidOperationException)
        {
            // A lone surrogate escape: read it leniently, so that code holding one still runs and fails on its own terms.
            return LenientText(value.GetRawText());
        }
    }

    public static bool? FlagOrNull(this JsonElement element, string name) =>
        element.ValueKind == JsonValueKind.Object && element.TryGetProperty(name, out var value)
            ? value.ValueKind switch { JsonValueKind.True => true, JsonValueKind.False => false, _ => null }
            : null;

    public static int? IntegerOrNull(this JsonElement element, string name) =>
        element.ValueKind == JsonValueKind.Object && element.TryGetProperty(name, out var value)
        && value.ValueKind == JsonValueKind.Number && value.TryGetInt32(out var number)
            ? number
            : null;

    /// <summary>Writes text; half of a surrogate pair becomes U+FFFD.</summary>
    public static void WriteText(this Utf8JsonWriter json, string name, string text) => json.WriteString(name, WellFormed(text));

    /// <summary>The text with every lone surrogate replaced.</summary>
    public static string WellFormed(string text)
    {
        var rest = text.AsSpan();
        var at = rest.IndexOfAnyInRange('\uD800', '\uDFFF');
        if (at < 0)
            return text;
        var clean = new StringBuilder(text.Length).Append(text, 0, at);
        foreach (var rune in text.AsSpan(at).EnumerateRunes())
            clean.Append(rune.ToString());
        return clean.ToString();
    }

    private static string LenientText(string raw)
    {
        var text = new StringBuilder(raw.Length);
        for (var i = 1; i < raw.Length - 1; i++)
        {
            if (raw[i] != '\\')
            {
                text.Append(raw[i]);
                continue;
            }
            i++;
            text.Append(raw[i] switch
            {
                'b' => '\b',
                'f' => '\f',
                'n' => '\n',
                'r' => '\r',
                't' => '\t',
                'u' => (char)Convert.ToUInt16(raw.Substring((i += 4) - 3, 4), 16),
                var other => other,
            });
        }
        return WellFormed(text.ToString());
    }
}
