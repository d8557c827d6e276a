namespace XtNotebooks.Extensibility;

/// <summary>Names the class that knows how values of the marked type, and of types derived from it, are shown in a notebook.</summary>
/// <remarks>Hosts find the attribute by its name, so a package may also declare one of its own. The source class has a parameterless
/// constructor and a method <c>CreateTypeFormatters()</c> that returns objects with a <c>MimeType</c> property and a method
/// <c>bool Format(object value, TextWriter writer)</c>. The convention is that of .NET Interactive.</remarks>
[AttributeUsage(AttributeTargets.Class | AttributeTargets.Struct | AttributeTargets.Interface | AttributeTargets.Enum)]
public sealed class TypeFormatterSourceAttribute(Type formatterSourceType) : Attribute
{
    /// <summary>The class with <c>CreateTypeFormatters()</c>.</summary>
    public Type FormatterSourceType { get; } = formatterSourceType;

    /// <summary>What .NET Interactive is to show, the best first; without it that host writes HTML alone. Other hosts write all there is.</summary>
#pragma warning disable CA1819, CA1822 // The convention asks for an array, and reads it from the instance.
    public string[] PreferredMimeTypes => ["text/html", "text/plain"];
#pragma warning restore CA1819, CA1822
}
