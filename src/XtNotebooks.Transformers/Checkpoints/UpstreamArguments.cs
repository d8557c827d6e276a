using System.Collections;
using System.Reflection;
using System.Text;
using System.Text.Json;
using System.Text.Json.Nodes;

namespace XtNotebooks.Transformers;

/// <summary>Options as the keyword arguments of upstream's constructors, both ways: AttnDimHead is attn_dim_head.</summary>
internal static class UpstreamArguments
{
    /// <summary>Sets every given argument on a record; an argument that the record does not have is an error, never ignored.</summary>
    public static T Read<T>(JsonElement arguments) where T : new()
    {
        var options = new T();
        foreach (var argument in arguments.EnumerateObject()) Set(options, argument.Name, argument.Value);
        return options;
    }

    /// <summary>Sets one argument by its upstream name.</summary>
    public static void Set(object options, string name, JsonElement value)
    {
        var property = options.GetType().GetProperty(Pascal(name));
        if (property is null || IsNotAnArgument(property))
            throw new ArgumentException($"{options.GetType().Name} has no option {Pascal(name)} (upstream's {name}).");
        try
        {
            property.SetValue(options, value.Deserialize(property.PropertyType));
        }
        catch (Exception error) when (error is JsonException or InvalidOperationException or NotSupportedException)
        {
            throw new ArgumentException($"{name} must be of type {property.PropertyType.Name}, but is {value.GetRawText()}.");
        }
    }

    /// <summary>Every option that differs from its default, by upstream's name.</summary>
    public static JsonObject Write(object options)
    {
        var defaults = Activator.CreateInstance(options.GetType())!;
        var arguments = new JsonObject();
        foreach (var property in options.GetType().GetProperties(BindingFlags.Public | BindingFlags.Instance).Where(p => !IsNotAnArgument(p)))
        {
            var value = property.GetValue(options);
            if (value is Delegate) throw new ArgumentException($"{property.Name} is a function, which a configuration cannot hold: save the weights alone (SaveSafetensors), and build the model in code.");
            if (!Same(value, property.GetValue(defaults))) arguments[Snake(property.Name)] = JsonSerializer.SerializeToNode(value);
        }
        return arguments;
    }

    /// <summary>attn_dim_head to AttnDimHead.</summary>
    public static string Pascal(string snake) => string.Concat(snake.Split('_').Where(p => p.Length > 0).Select(p => char.ToUpperInvariant(p[0]) + p[1..]));

    /// <summary>AttnDimHead to attn_dim_head.</summary>
    public static string Snake(string pascal)
    {
        var snake = new StringBuilder();
        foreach (var c in pascal)
        {
            if (char.IsUpper(c) && snake.Length > 0) snake.Append('_');
            snake.Append(char.ToLowerInvariant(c));
        }
        return snake.ToString();
    }

    // Modules and nested records are built apart.
    private static bool IsNotAnArgument(PropertyInfo property) =>
        !property.CanWrite || typeof(nn.Module).IsAssignableFrom(property.PropertyType) ||
        property.PropertyType.Namespace == typeof(UpstreamArguments).Namespace;

    private static bool Same(object? a, object? b) =>
        a is IEnumerable x and not string && b is IEnumerable y ? x.Cast<object>().SequenceEqual(y.Cast<object>()) : Equals(a, b);
}
