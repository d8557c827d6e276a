using System.Globalization;
using System.Reflection;
using System.Runtime.CompilerServices;
using XtNotebooks.Extensibility;

namespace XtNotebooks.Kernel.Display;

/// <summary>Formatters that a type names itself by an attribute called <c>TypeFormatterSourceAttribute</c>, whichever assembly declares
/// it.</summary>
/// <remarks>The convention is that of .NET Interactive.</remarks>
internal static class TypeFormatterSources
{
    private static readonly ConditionalWeakTable<Type, IReadOnlyList<Formatter>> Cache = [];

    private sealed record Formatter(string MimeType, Func<object, TextWriter, bool> Format);

    public static void Add(object value, Dictionary<string, string> data)
    {
        foreach (var formatter in Cache.GetValue(value.GetType(), Find))
        {
            if (data.ContainsKey(formatter.MimeType))
                continue;
            try
            {
                using var writer = new StringWriter(CultureInfo.InvariantCulture);
                if (formatter.Format(value, writer))
                    data[formatter.MimeType] = writer.ToString();
            }
            catch (Exception exception)
            {
                var cause = exception is TargetInvocationException { InnerException: { } inner } ? inner : exception;
                Console.Error.WriteLine(
                    $"The formatter of {TypeNames.Short(value.GetType())} for {formatter.MimeType} failed: {cause.Message}");
            }
        }
    }

    private static IReadOnlyList<Formatter> Find(Type type)
    {
        for (var current = type; current is not null; current = current.BaseType)
        {
            if (SourceOf(current) is { } source)
                return Create(source);
        }
        return type.GetInterfaces().Select(SourceOf).FirstOrDefault(source => source is not null) is { } ofInterface
            ? Create(ofInterface)
            : [];
    }

    private static Type? SourceOf(Type type)
    {
        foreach (var attribute in type.GetCustomAttributesData())
        {
            if (attribute.AttributeType.Name != "TypeFormatterSourceAttribute")
                continue;
            return attribute.ConstructorArguments.Select(argument => argument.Value).OfType<Type>().FirstOrDefault()
                ?? attribute.NamedArguments.Select(argument => argument.TypedValue.Value).OfType<Type>().FirstOrDefault();
        }
        return null;
    }

    private static IReadOnlyList<Formatter> Create(Type sourceType)
    {
        var source = Activator.CreateInstance(sourceType, nonPublic: true)!;
        var create = Member(sourceType, "CreateTypeFormatters");
        return create?.Invoke(source, null) is System.Collections.IEnumerable formatters
            ? [.. formatters.Cast<object>().Select(Wrap).OfType<Formatter>()]
            : [];
    }

    private static Formatter? Wrap(object formatter)
    {
        var type = formatter.GetType();
        const BindingFlags Any = BindingFlags.Public | BindingFlags.NonPublic | BindingFlags.Instance;
        if (type.GetProperty("MimeType", Any)?.GetValue(formatter) is not string mimeType || Member(type, "Format") is not { } format)
            return null;
        return new Formatter(mimeType, (value, writer) => format.Invoke(formatter, [value, writer]) is true);
    }

    private static MethodInfo? Member(Type type, string name) =>
        type.GetMethods(BindingFlags.Public | BindingFlags.NonPublic | BindingFlags.Instance | BindingFlags.Static)
            .FirstOrDefault(method => method.Name == name && method.GetParameters().Length == (name == "Format" ? 2 : 0))
        ?? type.GetInterfaces().Select(contract => contract.GetMethod(name)).FirstOrDefault(method => method is not null);
}
