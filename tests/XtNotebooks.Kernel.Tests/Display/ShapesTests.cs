using System.Collections;
using System.Dynamic;
using System.Text.Json.Nodes;
using XtNotebooks.Kernel.Display;

namespace XtNotebooks.Kernel.Tests.Display;

public sealed class ShapesTests
{
    private readonly ValueFormatters _formatters = new();

    private (string Text, string? Html) Shown(object value)
    {
        var data = _formatters.Format(value).Data;
        return (data["text/plain"], data.GetValueOrDefault("text/html"));
    }

    [Fact]
    public void Groups_stand_under_their_keys()
    {
        var (text, html) = Shown(new[] { "ant", "bee", "asp" }.GroupBy(word => word[..1]));
        Assert.EndsWith("[ \"a\": [ \"ant\", \"asp\" ], \"b\": [ \"bee\" ] ]", text, StringComparison.Ordinal);
        Assert.Contains("<th>key</th><th>value</th>", html, StringComparison.Ordinal);
        Assert.Contains("<tr><th>b</th><td style=\"text-align:left\">[ &quot;bee&quot; ]</td></tr>", html, StringComparison.Ordinal);
        Assert.Equal("\"a\": [ \"ant\", \"asp\" ]", Shown(new[] { "ant", "asp" }.GroupBy(word => word[..1]).First()).Text);
    }

    [Fact]
    public void Arrays_of_two_dimensions_have_rows_and_columns()
    {
        var (text, html) = Shown(new[,] { { 1, 2, 3 }, { 4, 5, 6 } });
        Assert.Equal("int[2, 3] [ [ 1, 2, 3 ], [ 4, 5, 6 ] ]", text);
        Assert.Contains("<tr><th>1</th><td>4</td><td>5</td><td>6</td></tr>", html, StringComparison.Ordinal);
        Assert.Equal("int[1, 2, 1] [ [ [ 7 ], [ 8 ] ] ]", Shown(new[,,] { { { 7 }, { 8 } } }).Text);
        Assert.Equal("int[0, 2] []", Shown(new int[0, 2]).Text);
    }

    [Fact]
    public void A_large_grid_is_cut_in_both_directions()
    {
        var (text, html) = Shown(new byte[200, 300]);
        Assert.True(text.Length < 110_000);
        Assert.Contains("the first 50 of 200 rows", html, StringComparison.Ordinal);
        Assert.Contains("the first 20 of 300 columns", html, StringComparison.Ordinal);
    }

    [Fact]
    public void Entries_that_only_a_generic_interface_tells_stand_by_their_keys()
    {
        dynamic bag = new ExpandoObject();
        bag.Rate = 0.5;
        bag.Names = new[] { "a" };
        var (text, html) = Shown((object)bag);
        Assert.Equal("ExpandoObject [ \"Rate\": 0.5, \"Names\": string[] (1) [ \"a\" ] ]", text);
        Assert.Contains("<th>key</th><th>value</th>", html, StringComparison.Ordinal);
        Assert.Contains("\"x\": 1", Shown(JsonNode.Parse("""{"x": 1}""")!).Text, StringComparison.Ordinal);
    }

    [Fact]
    public void A_sequence_of_its_own_kind_writes_itself()
    {
        var (text, html) = Shown(new Token("[1, 2]", new Token("1"), new Token("2")));
        Assert.Equal("[1, 2]", text);
        Assert.Null(html);
    }

    [Fact]
    public async Task An_asynchronous_sequence_says_how_it_is_read_and_is_not_run()
    {
        var ran = false;
        Assert.Equal("asynchronous sequence of int; await foreach reads it", Shown(Numbers()).Text);
        Assert.False(ran);
        await foreach (var number in Numbers())
            Assert.Equal(1, number);

        async IAsyncEnumerable<int> Numbers()
        {
            ran = true;
            await Task.Yield();
            yield return 1;
        }
    }

    [Fact]
    public void A_key_that_cannot_be_read_is_told_in_its_place()
    {
        var text = Shown(new Unkeyed()).Text;
        Assert.Contains("no key today", text, StringComparison.Ordinal);
    }

    private sealed class Token(string text, params Token[] parts) : IEnumerable<Token>
    {
        public IEnumerator<Token> GetEnumerator() => parts.AsEnumerable().GetEnumerator();

        IEnumerator IEnumerable.GetEnumerator() => GetEnumerator();

        public override string ToString() => text;
    }

    private sealed class Unkeyed : IGrouping<string, int>
    {
        public string Key => throw new InvalidOperationException("no key today");

        public IEnumerator<int> GetEnumerator() => Enumerable.Range(1, 2).GetEnumerator();

        IEnumerator IEnumerable.GetEnumerator() => GetEnumerator();
    }
}
