using System.Collections;
using System.Globalization;
using System.Reflection;

namespace XtNotebooks.Views;

/// <summary>Compares an options record with a fresh one.</summary>
internal static class ModelOptions
{
    private const int MaxDepth = 4;

    /// <summary>The options that differ from those of a new record of the same type, nested ones by their path.</summary>
    public static IReadOnlyList<ModelOption> Changed(object options)
    {
        var changed = new List<ModelOption>();
        Compare(options, "", changed, 0);
        return changed;
    }

    private static void Compare(object options, string path, List<ModelOption> changed, int depth)
    {
        if (depth > MaxDepth || Fresh(options.GetType()) is not { } fresh)
            return;
        foreach (var property in options.GetType().GetProperties(BindingFlags.Public | BindingFlags.Instance))
        {
            if (property.GetIndexParameters().Length > 0 || property.GetMethod is not { IsPublic: true } || property.SetMethod is null)
                continue;
            var (value, standard) = (Value(property, options), Value(property, fresh));
            if (value is TorchSharp.torch.nn.Module module && module.GetType().GetProperty("Options")?.GetValue(module) is { } nested)
                Compare(nested, path + property.Name + ".", changed, depth + 1);
            else if (!Equals(value, standard) && Text(value) != Text(standard))
                changed.Add(new ModelOption(path + property.Name, Text(value), Text(standard)));
        }
    }

    /// <summary>A record with nothing but defaults; null where the type cannot be made without arguments.</summary>
    private static object? Fresh(Type type)
    {
        try
        {
            return type.GetConstructor(Type.EmptyTypes) is null ? null : Activator.CreateInstance(type);
        }
        catch (TargetInvocationException)
        {
            return null;
        }
    }

    // A property that computes may throw where a required one is missing.
    private static object? Value(PropertyInfo property, object from)
    {
        try
        {
            return property.GetValue(from);
        }
        catch (TargetInvocationException)
        {
            return null;
        }
    }

    private static string Text(object? value) => value switch
    {
        null => "null",
        bool flag => flag ? "true" : "false",
        string text => $"\"{text}\"",
        IFormattable number => number.ToString(null, CultureInfo.InvariantCulture),
        IEnumerable many => "[" + string.Join(", ", many.Cast<object?>().Take(12).Select(Text)) + "]",
        Delegate => "a function",
        _ => value.GetType().Name,
    };
}
