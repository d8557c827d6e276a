using System.Globalization;
using System.Runtime.CompilerServices;
using XtNotebooks.Extensibility;

namespace XtNotebooks.Kernel.Display;

/// <summary>Values that are one word: numbers, dates, text, enums, types.</summary>
internal static class Scalars
{
    public static bool TryFormat(object? value, bool quoted, out string text)
    {
        text = value switch
        {
            null => "null",
            string s => quoted ? "\"" + s + "\"" : s,
            char c => quoted ? $"'{c}'" : c.ToString(),
            bool b => b ? "true" : "false",
            double or float or Half or decimal or Int128 or UInt128 => ((IFormattable)value).ToString(null, CultureInfo.InvariantCulture),
            DateTime time => time.ToString(
                time.TimeOfDay == TimeSpan.Zero ? "yyyy-MM-dd" : "yyyy-MM-dd HH:mm:ss.FFFFFFFK", CultureInfo.InvariantCulture),
            DateTimeOffset time => time.ToString("yyyy-MM-dd HH:mm:ss.FFFFFFFzzz", CultureInfo.InvariantCulture),
            DateOnly date => date.ToString("yyyy-MM-dd", CultureInfo.InvariantCulture),
            TimeOnly time => time.ToString("HH:mm:ss.FFFFFFF", CultureInfo.InvariantCulture),
            Type type => TypeNames.Short(type),
            Enum or Guid or TimeSpan or Uri or Version or System.Text.StringBuilder or System.Numerics.BigInteger or System.Numerics.Complex =>
                System.Convert.ToString(value, CultureInfo.InvariantCulture) ?? "",
            Delegate function => $"{TypeNames.Short(function.GetType())} ({function.Method.Name})",
            Task task => Describe(task),
            _ when value.GetType().IsPrimitive => System.Convert.ToString(value, CultureInfo.InvariantCulture) ?? "",
            _ => null!,
        };
        return text is not null;
    }

    /// <summary>A task's state, and its result where it is there already: showing a value never waits.</summary>
    private static string Describe(Task task)
    {
        var name = TypeNames.Short(task.GetType().IsGenericType && Result(task) is { } property
            ? typeof(Task<>).MakeGenericType(property.PropertyType)
            : typeof(Task));
        return task.Status switch
        {
            TaskStatus.RanToCompletion when Result(task) is { } result && result.PropertyType.Name != "VoidTaskResult" =>
                $"{name}: {PlainText.Of(result.GetValue(task))}",
            TaskStatus.RanToCompletion => $"{name}: completed",
            TaskStatus.Faulted =>
                $"{name}: failed, {task.Exception!.InnerException!.GetType().Name}: {task.Exception.InnerException.Message}",
            TaskStatus.Canceled => $"{name}: cancelled",
            _ => $"{name}: running",
        };
    }

    private static System.Reflection.PropertyInfo? Result(Task task) =>
        task.GetType().GetProperty("Result") is { } property && property.PropertyType.Name != "VoidTaskResult" ? property : null;
}
