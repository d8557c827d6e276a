using System.Reflection;
using System.Text.Encodings.Web;

namespace XtNotebooks.Kernel.Display;

/// <summary>Types that are shown in a way of their own: images, and HTML that writes itself.</summary>
internal static class KnownFormats
{
    public static void Add(object value, Dictionary<string, string> data)
    {
        if (value is byte[] bytes && ImageType(bytes) is { } mimeType)
        {
            data[mimeType] = Convert.ToBase64String(bytes);
            data["text/plain"] = $"{mimeType}, {bytes.Length:N0} bytes";
        }
        else if (HtmlOf(value) is { } html)
        {
            data["text/html"] = html;
            data["text/plain"] = html;
        }
    }

    private static string? ImageType(ReadOnlySpan<byte> bytes) =>
        bytes.StartsWith("\x89PNG\r\n\x1a\n"u8[1..]) || bytes is [0x89, (byte)'P', (byte)'N', (byte)'G', ..] ? "image/png"
        : bytes is [0xFF, 0xD8, 0xFF, ..] ? "image/jpeg"
        : bytes is [(byte)'G', (byte)'I', (byte)'F', (byte)'8', ..] ? "image/gif"
        : bytes is [(byte)'R', (byte)'I', (byte)'F', (byte)'F', _, _, _, _, (byte)'W', (byte)'E', (byte)'B', (byte)'P', ..] ? "image/webp"
        : null;

    /// <summary>IHtmlContent by its shape, <c>WriteTo(TextWriter, HtmlEncoder)</c>, so that this host needs no web framework.</summary>
    private static string? HtmlOf(object value)
    {
        foreach (var contract in value.GetType().GetInterfaces())
        {
            if (contract.Name != "IHtmlContent"
                || contract.GetMethod("WriteTo", [typeof(TextWriter), typeof(HtmlEncoder)]) is not { } write)
                continue;
            using var writer = new StringWriter();
            write.Invoke(value, [writer, HtmlEncoder.Default]);
            return writer.ToString();
        }
        return null;
    }
}
