using System.Collections;
using System.Globalization;
using System.Text;
using XtNotebooks.Extensibility;

namespace XtNotebooks.Kernel.Display;

/// <summary>Values as text: literals as C# writes them, sequences and objects with their contents, within limits that are said.</summary>
internal static class PlainText
{
    private const int MostItems = 100;
    private const int DeepestLevel = 5;
    private const int LongestText = 100_000;

    public static string Of(object? value)
    {
        if (value is string text)
            return text.Length <= LongestText ? text : text[..LongestText] + $"… ({text.Length:N0} characters)";
        var writer = new StringBuilder();
        Write(writer, value, 0, new HashSet<object>(ReferenceEqualityComparer.Instance));
        return writer.ToString();
    }

    private static void Write(StringBuilder writer, object? value, int level, HashSet<object> path)
    {
        if (writer.Length > LongestText)
        {
            writer.Append('…');
            return;
        }
        if (Scalars.TryFormat(value, quoted: level > 0, out var scalar))
        {
            writer.Append(scalar);
            return;
        }
        if (!path.Add(value!))
        {
            writer.Append(CultureInfo.InvariantCulture, $"{{{TypeNames.Short(value!.GetType())}: see above}}");
            return;
        }
        if (level >= DeepestLevel)
            writer.Append(TypeNames.Short(value!.GetType()));
        else
            WriteContents(writer, value!, level, path);
        path.Remove(value!);
    }

    private static void WriteContents(StringBuilder writer, object value, int level, HashSet<object> path)
    {
        switch (value)
        {
            case Exception exception:
                writer.Append(exception);
                break;
            case System.Data.DataTable table:
                writer.Append(CultureInfo.InvariantCulture, $"DataTable {table.TableName} ({table.Rows.Count}) [ ");
                writer.AppendJoin(", ", table.Columns.Cast<System.Data.DataColumn>().Select(column => column.ColumnName)).Append(" ]");
                break;
            case Array { Rank: > 1 } grid:
                writer.Append(Shapes.Title(grid)).Append(' ');
                Grid(writer, grid, [], level, path);
                break;
            case IEnumerable when Shapes.Of(value) == Shape.Entries:
                Items(writer, TypeNames.Short(value.GetType()) + Count(value), Shapes.Entries(value), entry =>
                {
                    Write(writer, entry.Key, level + 1, path);
                    writer.Append(": ");
                    Write(writer, entry.Value, level + 1, path);
                });
                break;
            case IEnumerable items when Shapes.Of(value) == Shape.Group:
                Write(writer, Shapes.KeyOf(value), level + 1, path);
                Items(writer, ":", items.Cast<object?>(), item => Write(writer, item, level + 1, path));
                break;
            case IEnumerable sequence when Shapes.Of(value) != Shape.Self:
                Items(writer, TypeNames.Short((value as ReadOnce)?.Type ?? value.GetType()) + Count(value), sequence.Cast<object?>(), item =>
                    Write(writer, item, level + 1, path));
                break;
            default:
                if (Shapes.Of(value) == Shape.Awaited)
                {
                    writer.Append(Shapes.AwaitedItems(value));
                    break;
                }
                if (Members.PrintsItself(value) && Members.TryToString(value) is { } text)
                {
                    writer.Append(text);
                    break;
                }
                writer.Append(TypeNames.IsAnonymous(value.GetType()) ? "{ " : TypeNames.Short(value.GetType()) + " { ");
                var first = true;
                foreach (var member in Members.Of(value).Take(MostItems))
                {
                    writer.Append(first ? "" : ", ").Append(member.Name).Append(" = ");
                    Write(writer, member.Read(value), level + 1, path);
                    first = false;
                }
                writer.Append(first ? "}" : " }");
                break;
        }
    }

    private static string Count(object value) => value is ICollection collection ? $" ({collection.Count})" : "";

    /// <summary>The items of a sequence without a word on what it is.</summary>
    public static string OfItems(IEnumerable items)
    {
        var writer = new StringBuilder();
        var path = new HashSet<object>(ReferenceEqualityComparer.Instance);
        Items(writer, "", items.Cast<object?>(), item => Write(writer, item, 1, path));
        return writer.ToString().TrimStart();
    }

    /// <summary>Brackets nested as the dimensions are; of each dimension as many as of a sequence.</summary>
    private static void Grid(StringBuilder writer, Array grid, int[] at, int level, HashSet<object> path)
    {
        if (at.Length == grid.Rank)
        {
            Write(writer, grid.GetValue(at), level + 1, path);
            return;
        }
        var first = grid.GetLowerBound(at.Length);
        Items(writer, "", Enumerable.Range(first, grid.GetLength(at.Length)), index => Grid(writer, grid, [.. at, index], level, path));
    }

    private static void Items<T>(StringBuilder writer, string title, IEnumerable<T> items, Action<T> write)
    {
        writer.Append(title).Append(title.Length > 0 ? " [" : "[");
        var index = 0;
        try
        {
            foreach (var item in items)
            {
                Scripting.CellGuard.Check();
                if (index == MostItems || writer.Length > LongestText)
                {
                    writer.Append(", …");
                    break;
                }
                writer.Append(index++ == 0 ? " " : ", ");
                write(item);
            }
        }
        catch (Exception exception) when (exception is not OperationCanceledException)
        {
            writer.Append(CultureInfo.InvariantCulture, $" ({exception.GetType().Name}: {exception.Message})");
        }
        writer.Append(index == 0 ? "]" : " ]");
    }
}
