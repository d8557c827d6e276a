using System.Collections;
using System.Runtime.CompilerServices;
using XtNotebooks.Extensibility;

namespace XtNotebooks.Kernel.Display;

/// <summary>What a value is besides an object or a sequence of items.</summary>
internal enum Shape
{
    /// <summary>Nothing of what follows.</summary>
    Plain,

    /// <summary>Pairs of keys and values, also where only a generic interface tells so, as with <c>ExpandoObject</c> and <c>JsonObject</c>.</summary>
    Entries,

    /// <summary>Items that have a key in common, as <c>GroupBy</c> makes them.</summary>
    Group,

    /// <summary>Items that are to be waited for: showing them would run what makes them.</summary>
    Awaited,

    /// <summary>A sequence of its own kind that writes itself, for example Json.NET's tokens: by items alone its leaves would be empty.</summary>
    Self,
}

/// <summary>Tells shapes by their interfaces.</summary>
internal static class Shapes
{
    private static readonly ConditionalWeakTable<Type, object> Cache = [];

    public static Shape Of(object value) => (Shape)Cache.GetValue(value.GetType(), type => Find(type, value));

    /// <summary>The pairs of what has <see cref="Shape.Entries"/>.</summary>
    public static IEnumerable<(object? Key, object? Value)> Entries(object value)
    {
        if (value is IDictionary dictionary)
        {
            // Enumerated as a plain sequence it gives pairs of its own type.
            var entries = dictionary.GetEnumerator();
            while (entries.MoveNext())
                yield return (entries.Key, entries.Value);
            yield break;
        }
        foreach (var pair in (IEnumerable)value)
        {
            var members = Members.Of(pair);
            yield return (members.First(member => member.Name == "Key").Read(pair), members.First(member => member.Name == "Value").Read(pair));
        }
    }

    public static object? KeyOf(object group)
    {
        var key = Interface(group.GetType(), typeof(IGrouping<,>))!.GetProperty("Key")!;
        return Members.Read(() => key.GetValue(group));
    }

    /// <summary>The kind of the items of an asynchronous sequence.</summary>
    public static string AwaitedItems(object value) =>
        $"asynchronous sequence of {TypeNames.Short(Interface(value.GetType(), typeof(IAsyncEnumerable<>))!.GetGenericArguments()[0])}; await foreach reads it";

    /// <summary>For example <c>int[2, 3]</c>.</summary>
    public static string Title(Array grid) =>
        $"{TypeNames.Short(grid.GetType().GetElementType()!)}[{string.Join(", ", Enumerable.Range(0, grid.Rank).Select(grid.GetLength))}]";

    private static Shape Find(Type type, object value) =>
        type.IsArray || type == typeof(string) ? Shape.Plain
        : typeof(IDictionary).IsAssignableFrom(type) ? Shape.Entries
        : Interface(type, typeof(IGrouping<,>)) is not null ? Shape.Group
        : Interface(type, typeof(IDictionary<,>)) is not null || Interface(type, typeof(IReadOnlyDictionary<,>)) is not null ? Shape.Entries
        : Interface(type, typeof(IEnumerable<>)) is { } sequence ? sequence.GetGenericArguments()[0].IsAssignableFrom(type) && sequence.GetGenericArguments()[0] != typeof(object)
            && Members.PrintsItself(value) ? Shape.Self : Shape.Plain
        : Interface(type, typeof(IAsyncEnumerable<>)) is not null && !typeof(IEnumerable).IsAssignableFrom(type) && !Members.PrintsItself(value) ? Shape.Awaited
        : Shape.Plain;

    private static Type? Interface(Type type, Type definition) =>
        type.GetInterfaces().FirstOrDefault(each => each.IsGenericType && each.GetGenericTypeDefinition() == definition);
}
