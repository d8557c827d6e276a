using System.Collections;
using System.Data;
using System.Globalization;
using System.Net;
using System.Text;
using XtNotebooks.Extensibility;

namespace XtNotebooks.Kernel.Display;

/// <summary>Values as HTML tables: objects by member, dictionaries by key, sequences by index and, where the items have members, by
/// column.</summary>
internal static class HtmlText
{
    private const int MostRows = 50;
    private const int MostColumns = 20;
    private const int LongestCell = 500;
    private const string Open = "<table style=\"border-collapse:collapse\">";
    private const string Left = " style=\"text-align:left\"";

    /// <summary>Null where text says it as well.</summary>
    public static string? Of(object? value)
    {
        if (value is null || Scalars.TryFormat(value, quoted: false, out _))
            return null;
        var html = new StringBuilder();
        if (value is Exception exception)
            html.Append("<pre>").Append(Encode(exception.ToString())).Append("</pre>");
        else if (value is DataTable table)
            DataRows(html, table);
        else if (Shapes.Of(value) is Shape.Self or Shape.Awaited || value is Array { Rank: > 2 })
            return null;
        else if (value is Array { Rank: 2 } grid)
            Grid(html, grid);
        else if (Shapes.Of(value) == Shape.Entries)
            Dictionary(html, value);
        else if (value is IEnumerable sequence)
            Sequence(html, sequence);
        else if (Members.PrintsItself(value))
            return null;
        else
            Object(html, value);
        return html.ToString();
    }

    private static void Object(StringBuilder html, object value)
    {
        html.Append(Open);
        if (!TypeNames.IsAnonymous(value.GetType()))
            html.Append("<caption>").Append(Encode(TypeNames.Short(value.GetType()))).Append("</caption>");
        foreach (var member in Members.Of(value).Take(MostRows))
            Row(html, member.Name, Cell(member.Read(value)));
        html.Append("</table>");
        Note(html, Members.Of(value).Count, MostRows, "members");
    }

    private static void DataRows(StringBuilder html, DataTable table)
    {
        html.Append(Open).Append("<thead><tr>");
        foreach (DataColumn column in table.Columns)
            html.Append("<th>").Append(Encode(column.ColumnName)).Append("</th>");
        html.Append("</tr></thead><tbody>");
        foreach (var row in table.Rows.Cast<DataRow>().Take(MostRows))
        {
            html.Append("<tr>");
            foreach (var item in row.ItemArray)
                html.Append("<td").Append(Left).Append('>').Append(item is DBNull ? "" : Cell(item)).Append("</td>");
            html.Append("</tr>");
        }
        html.Append("</tbody></table>");
        Note(html, table.Rows.Count, MostRows, "rows");
    }

    private static void Dictionary(StringBuilder html, object value)
    {
        var entries = Shapes.Entries(value).Take(MostRows + 1).ToList();
        html.Append(Open).Append("<thead><tr><th>key</th><th>value</th></tr></thead>");
        foreach (var (key, item) in entries.Take(MostRows))
            Row(html, PlainText.Of(key), Cell(item));
        html.Append("</table>");
        if (entries.Count > MostRows)
            Note(html, CountOf(value), MostRows, "entries");
    }

    /// <summary>More than can be shown where nobody has counted them.</summary>
    private static int CountOf(object value) => value is ICollection collection ? collection.Count : int.MaxValue;

    private static void Grid(StringBuilder html, Array grid)
    {
        var (rows, columns) = (Indices(grid, 0, MostRows), Indices(grid, 1, MostColumns));
        html.Append(Open).Append("<caption>").Append(Encode(Shapes.Title(grid))).Append("</caption><thead><tr><th></th>");
        foreach (var column in columns)
            html.Append(CultureInfo.InvariantCulture, $"<th>{column}</th>");
        html.Append("</tr></thead><tbody>");
        foreach (var row in rows)
        {
            html.Append(CultureInfo.InvariantCulture, $"<tr><th>{row}</th>");
            foreach (var column in columns)
                html.Append("<td>").Append(Cell(grid.GetValue(row, column))).Append("</td>");
            html.Append("</tr>");
        }
        html.Append("</tbody></table>");
        Note(html, grid.GetLength(0), MostRows, "rows");
        Note(html, grid.GetLength(1), MostColumns, "columns");
    }

    private static IEnumerable<int> Indices(Array grid, int dimension, int most) =>
        Enumerable.Range(grid.GetLowerBound(dimension), Math.Min(grid.GetLength(dimension), most));

    private static void Sequence(StringBuilder html, IEnumerable sequence)
    {
        var items = new List<object?>();
        string? failure = null;
        try
        {
            foreach (var item in sequence)
            {
                Scripting.CellGuard.Check();
                items.Add(item);
                if (items.Count > MostRows)
                    break;
            }
        }
        catch (Exception exception) when (exception is not OperationCanceledException)
        {
            failure = $"{exception.GetType().Name}: {exception.Message}";
        }
        if (items.Count > 0 || failure is null)
            Table(html, items);
        if (failure is not null)
            html.Append("<div>").Append(Encode(failure)).Append("</div>");
        else if (items.Count > MostRows)
            Note(html, CountOf(sequence), MostRows, "items", $"; .Skip({MostRows}) gives what follows");
    }

    private static void Table(StringBuilder html, List<object?> items)
    {
        var columns = Columns(items);
        var groups = items.All(item => item is not null && Shapes.Of(item) == Shape.Group);
        html.Append(Open).Append("<thead><tr><th>").Append(groups && items.Count > 0 ? "key" : "").Append("</th>");
        if (columns.Count == 0)
            html.Append("<th>value</th>");
        foreach (var column in columns)
            html.Append("<th>").Append(Encode(column.Name)).Append("</th>");
        html.Append("</tr></thead><tbody>");
        for (var row = 0; row < Math.Min(items.Count, MostRows); row++)
        {
            html.Append("<tr><th>").Append(groups ? Cell(Shapes.KeyOf(items[row]!)) : row.ToString(CultureInfo.InvariantCulture)).Append("</th>");
            if (columns.Count == 0)
                html.Append("<td").Append(Left).Append('>').Append(groups ? Shortened(PlainText.OfItems((IEnumerable)items[row]!)) : Cell(items[row])).Append("</td>");
            foreach (var column in columns)
                html.Append("<td").Append(Left).Append('>').Append(items[row] is { } item ? Cell(column.Read(item)) : "").Append("</td>");
            html.Append("</tr>");
        }
        html.Append("</tbody></table>");
    }

    /// <summary>The members that all items share, where they are objects of one type.</summary>
    private static List<Member> Columns(List<object?> items)
    {
        var first = items.FirstOrDefault(item => item is not null);
        if (first is null || Scalars.TryFormat(first, false, out _) || first is IEnumerable || Members.PrintsItself(first)
            || items.Any(item => item is not null && item.GetType() != first.GetType()))
        {
            return [];
        }
        return [.. Members.Of(first).Take(MostColumns)];
    }

    private static void Row(StringBuilder html, string name, string cell) =>
        html.Append("<tr><th").Append(Left).Append('>').Append(Encode(name)).Append("</th><td").Append(Left).Append('>').Append(cell)
            .Append("</td></tr>");

    private static string Cell(object? value) => Shortened(PlainText.Of(value));

    private static string Shortened(string text) => Encode(text.Length <= LongestCell ? text : text[..LongestCell] + $"… ({text.Length:N0} characters)");

    private static void Note(StringBuilder html, int count, int shown, string what, string more = "")
    {
        if (count > shown)
            html.Append("<div>").Append(count == int.MaxValue ? $"the first {shown} {what}" : $"the first {shown} of {count:N0} {what}").Append(more)
                .Append("</div>");
    }

    private static string Encode(string text) => WebUtility.HtmlEncode(text);
}
