using System.Reflection;
using System.Runtime.InteropServices;
using System.Text.Json;
using XtNotebooks.Kernel.Jupyter.Wire;

namespace XtNotebooks.Kernel.Jupyter.Requests;

/// <summary>What the kernel tells of itself in <c>kernel_info_reply</c>.</summary>
internal static class KernelInfo
{
    /// <summary>The version of the tool.</summary>
    public static string Version { get; } =
        typeof(KernelInfo).Assembly.GetCustomAttribute<AssemblyInformationalVersionAttribute>()?.InformationalVersion.Split('+')[0]
            ?? "0.0.0";

    public static void Write(Utf8JsonWriter json)
    {
        json.WriteString("protocol_version", MessageWriter.ProtocolVersion);
        json.WriteString("implementation", "xt-notebooks");
        json.WriteString("implementation_version", Version);
        json.WriteStartObject("language_info");
        json.WriteString("name", "C#");
        json.WriteString("version", "14.0");
        json.WriteString("mimetype", "text/x-csharp");
        json.WriteString("file_extension", ".cs");
        json.WriteString("pygments_lexer", "csharp");
        json.WriteString("codemirror_mode", "text/x-csharp");
        json.WriteEndObject();
        json.WriteString("banner",
            $"XtNotebooks {Version}: C# 14 on {RuntimeInformation.FrameworkDescription}. #!help lists the magics, name? tells about a name.");
        json.WriteBoolean("debugger", false);
        json.WriteStartArray("help_links");
        WriteLink("C# language reference", "https://learn.microsoft.com/dotnet/csharp/");
        WriteLink(".NET API browser", "https://learn.microsoft.com/dotnet/api/");
        json.WriteEndArray();
        json.WriteStartArray("supported_features");
        json.WriteStringValue("kernel subshells");
        json.WriteEndArray();

        void WriteLink(string text, string url)
        {
            json.WriteStartObject();
            json.WriteString("text", text);
            json.WriteString("url", url);
            json.WriteEndObject();
        }
    }
}
