using System.Collections;
using System.Reflection;
using System.Runtime.CompilerServices;
using System.Runtime.ExceptionServices;
using XtNotebooks.Extensibility;

namespace XtNotebooks.Kernel.Display;

/// <summary>A public property or field, and how it is read: one that throws reads as its exception.</summary>
internal sealed record Member(string Name, Type Type, Func<object, object?> Read);

/// <summary>What an object shows of itself.</summary>
internal static class Members
{
    private static readonly ConditionalWeakTable<Type, IReadOnlyList<Member>> Cache = [];

    public static IReadOnlyList<Member> Of(object value) => Cache.GetValue(value.GetType(), Find);

    /// <summary>Whether its own <c>ToString</c> says more than a list of its members: it is written by hand, not by the compiler of
    /// records.</summary>
    public static bool PrintsItself(object value)
    {
        var method = value.GetType().GetMethod(nameof(ToString), Type.EmptyTypes)!;
        return method.DeclaringType != typeof(object) && method.DeclaringType != typeof(ValueType)
            && !method.IsDefined(typeof(CompilerGeneratedAttribute), false)
            && !TypeNames.IsAnonymous(value.GetType());
    }

    public static string? TryToString(object value)
    {
        try
        {
            return value.ToString();
        }
        catch (Exception exception) when (exception is not OperationCanceledException)
        {
            return $"{TypeNames.Short(value.GetType())} ({exception.GetType().Name}: {exception.Message})";
        }
    }

    private static IReadOnlyList<Member> Find(Type type)
    {
        const BindingFlags Public = BindingFlags.Public | BindingFlags.Instance;
        var properties = type.GetProperties(Public)
            .Where(property => property.CanRead && property.GetMethod!.IsPublic && property.GetIndexParameters().Length == 0
                && !property.PropertyType.IsByRefLike
                && !property.PropertyType.IsByRef && !property.PropertyType.IsPointer)
            .DistinctBy(property => property.Name)
            .Select(property => new Member(property.Name, property.PropertyType, value => Read(() => property.GetValue(value))));
        var fields = type.GetFields(Public)
            .Where(field => !field.FieldType.IsPointer)
            .Select(field => new Member(field.Name, field.FieldType, value => Read(() => field.GetValue(value))));
        return [.. properties, .. fields];
    }

    /// <summary>What is read, or what stands for it where that throws.</summary>
    public static object? Read(Func<object?> read)
    {
        try
        {
            return read();
        }
        catch (Exception exception)
        {
            var cause = exception is TargetInvocationException { InnerException: { } inner } ? inner : exception;
            if (cause is OperationCanceledException && Scripting.CellContext.Current?.CancellationToken.IsCancellationRequested == true)
                ExceptionDispatchInfo.Throw(cause);
            return new Unreadable(cause);
        }
    }

    /// <summary>Stands for a member that threw.</summary>
    private sealed class Unreadable(Exception cause)
    {
        public override string ToString() => $"({cause.GetType().Name}: {cause.Message})";
    }
}
