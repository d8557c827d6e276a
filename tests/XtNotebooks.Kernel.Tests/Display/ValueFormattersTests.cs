using AngleSharp.Html.Parser;
using XtNotebooks.Extensibility;
using XtNotebooks.Kernel.Display;

namespace XtNotebooks.Kernel.Tests.Display;

public sealed record Person(string Name, int Age);

public sealed class Node
{
    public string Name { get; set; } = "";
    public Node? Next { get; set; }
}

public sealed class Moody
{
    public int Fine => 1;
    public int Throws => throw new InvalidOperationException("not today");
}

/// <summary>The shape by which web frameworks' HTML is known.</summary>
public interface IHtmlContent
{
    void WriteTo(TextWriter writer, System.Text.Encodings.Web.HtmlEncoder encoder);
}

public sealed class Bold(string? text) : IHtmlContent
{
    public void WriteTo(TextWriter writer, System.Text.Encodings.Web.HtmlEncoder encoder)
    {
        writer.Write("<b>");
        encoder.Encode(writer, text ?? throw new InvalidOperationException("nothing to write"));
        writer.Write("</b>");
    }
}

public sealed class ValueFormattersTests
{
    private readonly ValueFormatters _formatters = new();

    [Fact]
    public void HTML_that_writes_itself_is_shown_as_it_is()
    {
        var data = _formatters.Format(new Bold("a < b")).Data;
        Assert.Equal("<b>a &lt; b</b>", data["text/html"]);
        Assert.Equal("<b>a &lt; b</b>", data["text/plain"]);
    }

    [Fact]
    public void HTML_that_fails_to_write_itself_is_shown_as_any_object()
    {
        var data = _formatters.Format(new Bold(null)).Data;
        Assert.Contains("Bold", data["text/plain"], StringComparison.Ordinal);
    }

    public static TheoryData<object?, string> Values => new()
    {
        { null, "null" },
        { "text", "text" },
        { 'c', "c" },
        { 1.5, "1.5" },
        { true, "true" },
        { new DateTime(2026, 11, 22, 1, 2, 3, DateTimeKind.Utc), "2026-11-22 01:02:03Z" },
        { DayOfWeek.Friday, "Friday" },
        { typeof(Dictionary<string, int?[]>), "Dictionary<string, int?[]>" },
        { new[] { 1, 2, 3 }, "int[] (3) [ 1, 2, 3 ]" },
        { new List<string> { "a", "b" }, "List<string> (2) [ \"a\", \"b\" ]" },
        { new Dictionary<string, int> { ["x"] = 1 }, "Dictionary<string, int> (1) [ \"x\": 1 ]" },
        { new Person("Ada", 36), "Person { Name = \"Ada\", Age = 36 }" },
        { new { A = 1, B = "b" }, "{ A = 1, B = \"b\" }" },
        { (1, "two"), "(1, two)" },
        { Task.FromResult(5), "Task<int>: 5" },
        { Task.CompletedTask, "Task: completed" },
        { new Moody(), "Moody { Fine = 1, Throws = (InvalidOperationException: not today) }" },
    };

    [Theory]
    [MemberData(nameof(Values))]
    public void Values_are_written_as_a_reader_expects(object? value, string expected) =>
        Assert.Equal(expected, _formatters.Format(value).Data["text/plain"]);

    [Fact]
    public void Cyclic_graphs_end()
    {
        var a = new Node { Name = "a" };
        a.Next = new Node { Name = "b", Next = a };
        Assert.Equal("Node { Name = \"a\", Next = Node { Name = \"b\", Next = {Node: see above} } }", _formatters.Format(a).Data["text/plain"]);
        Assert.Contains("<table", _formatters.Format(a).Data["text/html"], StringComparison.Ordinal);
        var self = new List<object>();
        self.Add(self);
        Assert.Contains("see above", _formatters.Format(self).Data["text/plain"], StringComparison.Ordinal);
    }

    [Fact]
    public void A_sequence_of_records_is_a_table_with_a_column_for_each_member()
    {
        var html = _formatters.Format(new[] { new Person("Ada", 36), new Person("<Bob>", 7) }).Data["text/html"];
        var page = new HtmlParser().ParseDocument(html);
        Assert.Equal(["", "Name", "Age"], page.QuerySelectorAll("thead th").Select(cell => cell.TextContent));
        Assert.Equal(["Ada", "36", "<Bob>", "7"], page.QuerySelectorAll("tbody td").Select(cell => cell.TextContent.Trim('"')));
    }

    [Fact]
    public void A_table_is_headed_by_the_name_of_its_type_where_there_is_one()
    {
        string? Caption(object value) => new HtmlParser().ParseDocument(_formatters.Format(value).Data["text/html"]).QuerySelector("caption")?.TextContent;
        Assert.Equal("Person", Caption(new Person("Ada", 36)));
        Assert.Null(Caption(new { Name = "Ada", Age = 36 }));
    }

    [Fact]
    public void Everything_that_comes_from_data_is_encoded()
    {
        const string Bad = "<script>alert('x')</script>&";
        foreach (var value in new object[] { new Person(Bad, 1), new[] { Bad }, new Dictionary<string, string> { [Bad] = Bad }, new InvalidOperationException(Bad), new { Bad } })
        {
            var page = new HtmlParser().ParseDocument(_formatters.Format(value).Data["text/html"]);
            Assert.Empty(page.QuerySelectorAll("script"));
            Assert.Contains(Bad, page.Body!.TextContent, StringComparison.Ordinal);
        }
    }

    [Fact]
    public void Large_and_endless_values_are_cut_with_a_note()
    {
        static IEnumerable<int> Endless()
        {
            for (var i = 0; ; i++)
                yield return i;
        }
        var endless = _formatters.Format(Endless());
        Assert.EndsWith(", … ]", endless.Data["text/plain"], StringComparison.Ordinal);
        Assert.Contains("the first 50 items", endless.Data["text/html"], StringComparison.Ordinal);
        var large = _formatters.Format(Enumerable.Range(0, 1_000_000).ToList());
        Assert.Contains("the first 50 of 1,000,000 items", large.Data["text/html"], StringComparison.Ordinal);
        Assert.True(_formatters.Format(Enumerable.Repeat(new string('x', 50_000), 100).ToArray()).Data.Values.All(text => text.Length < 300_000));
        Assert.Contains(".Skip(50)", large.Data["text/html"], StringComparison.Ordinal);
        // A text as a whole: what the front end does not get of it is kept in a file.
        Assert.Equal(5_000_000, _formatters.Format(new string('x', 5_000_000)).Data["text/plain"].Length);
    }

    [Fact]
    public void A_lazy_sequence_is_read_once_and_no_further_than_it_is_shown()
    {
        var made = 0;
        IEnumerable<int> Counted()
        {
            while (true)
                yield return ++made;
        }
        var shown = _formatters.Format(Counted());
        Assert.StartsWith("1, 2, 3, ", shown.Data["text/plain"].Split("[ ")[1], StringComparison.Ordinal);
        Assert.Contains("<tr><th>0</th><td style=\"text-align:left\">1</td></tr>", shown.Data["text/html"], StringComparison.Ordinal);
        Assert.InRange(made, 100, 101);
    }

    [Fact]
    public void A_sequence_that_throws_shows_what_came_before()
    {
        static IEnumerable<int> Breaks()
        {
            yield return 1;
            throw new InvalidOperationException("broken");
        }
        Assert.Equal("1 (InvalidOperationException: broken) ]", _formatters.Format(Breaks()).Data["text/plain"].Split("[ ")[1]);
        Assert.Contains("broken", _formatters.Format(Breaks()).Data["text/html"], StringComparison.Ordinal);
    }

    [Fact]
    public void A_data_table_is_shown_with_its_columns()
    {
        using var table = new System.Data.DataTable("people");
        table.Columns.Add("name");
        table.Columns.Add("age", typeof(int));
        table.Rows.Add("<Ada>", 36);
        table.Rows.Add(DBNull.Value, 7);
        var page = new HtmlParser().ParseDocument(_formatters.Format(table).Data["text/html"]);
        Assert.Equal(["name", "age"], page.QuerySelectorAll("thead th").Select(cell => cell.TextContent));
        Assert.Equal(["<Ada>", "36", "", "7"], page.QuerySelectorAll("tbody td").Select(cell => cell.TextContent));
        Assert.Equal("DataTable people (2) [ name, age ]", _formatters.Format(table).Data["text/plain"]);
    }

    [Fact]
    public void Images_are_told_by_their_first_bytes()
    {
        byte[] png = [0x89, (byte)'P', (byte)'N', (byte)'G', 0x0D, 0x0A, 0x1A, 0x0A, 1, 2];
        Assert.Equal(Convert.ToBase64String(png), _formatters.Format(png).Data["image/png"]);
        Assert.Equal("image/png, 10 bytes", _formatters.Format(png).Data["text/plain"]);
        Assert.Equal("byte[] (2) [ 1, 2 ]", _formatters.Format(new byte[] { 1, 2 }).Data["text/plain"]);
    }

    [Fact]
    public void The_registered_formatter_of_the_most_derived_type_wins_and_a_failing_one_is_passed_over()
    {
        _formatters.Register(typeof(Exception), "text/html", _ => "<i>any</i>");
        _formatters.Register(typeof(ArgumentException), "text/html", _ => "<i>argument</i>");
        _formatters.Register(typeof(Node), "text/html", _ => throw new InvalidOperationException("oops"));
        Assert.Equal("<i>argument</i>", _formatters.Format(new ArgumentNullException()).Data["text/html"]);
        Assert.Equal("<i>any</i>", _formatters.Format(new InvalidOperationException()).Data["text/html"]);
        Assert.StartsWith("Node {", _formatters.Format(new Node()).Data["text/plain"], StringComparison.Ordinal);
    }

    [Fact]
    public void A_bundle_is_shown_as_it_is()
    {
        var bundle = MimeBundle.Html("<b>x</b>", "x");
        Assert.Same(bundle, _formatters.Format(bundle));
    }

    [Fact]
    public void A_type_may_name_its_own_formatters_by_an_attribute_of_any_assembly()
    {
        var data = _formatters.Format(new DerivedShown()).Data;
        Assert.Equal("<em>shown</em>", data["text/html"]);
        Assert.Equal("shown", data["text/plain"]);
    }

    [AttributeUsage(AttributeTargets.Class)]
    private sealed class TypeFormatterSourceAttribute(Type formatterSourceType) : Attribute
    {
        public Type FormatterSourceType { get; } = formatterSourceType;
    }

    [TypeFormatterSource(typeof(Source))]
    private class Shown;

    private sealed class DerivedShown : Shown;

    private sealed class Source
    {
        public IEnumerable<object> CreateTypeFormatters() => [new Writer("text/html", "<em>shown</em>"), new Writer("text/plain", "shown")];
    }

    private sealed class Writer(string mimeType, string text)
    {
        public string MimeType => mimeType;

        public bool Format(object value, TextWriter writer)
        {
            writer.Write(text);
            return value is Shown;
        }
    }
}
