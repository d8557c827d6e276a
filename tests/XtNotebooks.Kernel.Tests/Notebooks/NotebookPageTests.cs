using XtNotebooks.Extensibility;
using XtNotebooks.Kernel.Notebooks;
using XtNotebooks.Kernel.Notebooks.Html;
using XtNotebooks.Kernel.Scripting;

namespace XtNotebooks.Kernel.Tests.Notebooks;

public class NotebookPageTests
{
    [Fact]
    public void A_page_has_the_notebooks_title_its_contents_and_its_cells_in_order()
    {
        var page = Page(Sample.Markdown("# Pads <b>&</b> more\n\nwords"), Sample.Markdown("## One\n### Sub"), Sample.Code("var x = 1;"), Sample.Markdown("## One"));
        Assert.Contains("<title>Pads &amp; more</title>", page);
        Assert.Contains("<a href=\"#one\">One</a>", page);
        Assert.Contains("<a href=\"#one-2\">One</a>", page);
        Assert.Contains("<h2 id=\"one-2\">One</h2>", page);
        Assert.True(page.IndexOf("id=\"sub\"", StringComparison.Ordinal) < page.IndexOf("<span class=\"k\">var</span>", StringComparison.Ordinal));
    }

    [Fact]
    public void A_page_loads_nothing_from_outside()
    {
        using var folder = new TemporaryFolder();
        File.WriteAllBytes(Path.Combine(folder.Path, "near.png"), [1, 2, 3]);
        var page = NotebookPage.Render(Sample.Document(Sample.Markdown("![far](https://example.org/a.png) ![near](near.png) ![gone](gone.png)")), folder.Path, "n");
        Assert.Contains("default-src 'none'", page);
        Assert.Contains("<a href=\"https://example.org/a.png\">far</a>", page);
        Assert.Contains("src=\"data:image/png;base64,AQID\"", page);
        Assert.DoesNotContain("src=\"http", page);
        Assert.DoesNotContain("<link", page);
    }

    [Fact]
    public void A_picture_that_the_cell_carries_is_put_in()
    {
        const string Json = """{"cells":[{"cell_type":"markdown","metadata":{},"attachments":{"my pic.png":{"image/png":"QUJD"}},"source":"![x](attachment:my%20pic.png)"}],"metadata":{},"nbformat":4,"nbformat_minor":4}""";
        Assert.Contains("src=\"data:image/png;base64,QUJD\"", NotebookPage.Render(NotebookDocument.Parse(Json, "n"), ".", "n"));
    }

    [Fact]
    public void Code_is_coloured_and_encoded_and_nothing_of_it_is_lost()
    {
        const string Code = "#r \"nuget: X\"\n#!xt-train --steps 3\n// a <b>\nvar s = $\"{1 + x:0.0} & <i>\";\nConsole.WriteLine(new List<int>().Count); /* open";
        var html = CodeHtml.Render(Code);
        Assert.Equal(Code, System.Net.WebUtility.HtmlDecode(System.Text.RegularExpressions.Regex.Replace(html, "<[^>]*>", "")));
        Assert.Contains("<span class=\"p\">#!xt-train --steps 3</span>", html);
        Assert.Contains("<span class=\"c\">// a &lt;b&gt;</span>", html);
        Assert.Contains("<span class=\"k\">var</span>", html);
        Assert.Contains("<span class=\"t\">Console</span>.<span class=\"m\">WriteLine</span>(<span class=\"k\">new</span> <span class=\"t\">List</span>", html);
        Assert.Contains("<span class=\"n\">1</span>", html);
    }

    [Theory]
    [InlineData("")]
    [InlineData("#")]
    [InlineData("\"unterminated")]
    [InlineData("}{)(")]
    [InlineData("#if X\nhidden <b>\n#endif")]
    [InlineData("a\r\nb\u2028c")]
    [InlineData("#nonsense \"<\n\"\"\"raw <x>\n  y\n\"\"\"")]
    public void Code_that_is_no_code_is_shown_whole_too(string code) =>
        Assert.Equal(code, System.Net.WebUtility.HtmlDecode(System.Text.RegularExpressions.Regex.Replace(CodeHtml.Render(code), "<[^>]*>", "")));

    [Fact]
    public void An_output_is_shown_in_its_richest_type()
    {
        var html = Output(o => o.Display(new(new Dictionary<string, string> { ["text/plain"] = "plain", ["text/html"] = "<b>rich</b>", ["application/vnd.plotly.v1+json"] = "{}" }), null));
        Assert.Contains("<div class=\"rich\"><b>rich</b></div>", html);
        Assert.DoesNotContain("plain", html);
    }

    [Fact]
    public void Pictures_have_the_plain_text_as_their_description()
    {
        var html = Output(o =>
        {
            o.Display(new(new Dictionary<string, string> { ["text/plain"] = "a \"curve\"", ["image/svg+xml"] = "<svg onload=\"x\"/>" }), null);
            o.Display(new(new Dictionary<string, string> { ["image/png"] = "QUJD\nREVG" }), null);
        });
        Assert.Contains("alt=\"a &quot;curve&quot;\"", html);
        Assert.DoesNotContain("<svg", html);
        Assert.Contains("data:image/png;base64,QUJDREVG", html);
    }

    [Fact]
    public void Text_is_encoded_with_its_terminal_colours()
    {
        var html = Output(o => o.Stream(StreamName.Stdout, "a <script>\e[1;31mred\e[0m \e[38;5;208morange\e[39m \e[2K\e]8;;x\aend\n"));
        Assert.Contains("a &lt;script&gt;<span class=\"ansi-bold ansi-1\">red</span> <span style=\"color:#ff8700\">orange</span> end</pre>", html);
    }

    [Fact]
    public void A_progress_line_written_over_and_over_shows_its_last_state() =>
        Assert.Contains(">100 %\nend\nx</pre>", Output(o => o.Stream(StreamName.Stdout, "1 %\r50 %\r100 %\nend\r\nx")));

    [Fact]
    public void An_error_shows_its_traceback()
    {
        var html = Output(o => o.Error(new("E", "m", ["\e[31mE\e[0m: <m>", "  at cell 1"], 1)));
        Assert.Contains("<pre class=\"out error\" tabindex=\"0\"><span class=\"ansi-1\">E</span>: &lt;m&gt;\n  at cell 1</pre>", html);
    }

    [Fact]
    public void A_library_that_several_outputs_carry_is_on_the_page_once()
    {
        var library = $"<script>{new string('x', 100_000)}</script>";
        const string Marked = "<script type=\"text/plain\" data-xt-script=\"lib/1\">H4sI</script>";
        const string Own = "<script>draw(1)</script>";
        var page = PageOf(o =>
        {
            for (var i = 0; i < 3; i++)
                o.Display(MimeBundle.Html($"<p>{library}{Marked}{Own}</p>", "chart"), null);
        });
        Assert.Equal(2, page.Split(library).Length);
        Assert.Equal(2, page.Split(Marked).Length);
        Assert.Equal(4, page.Split(Own).Length);
        Assert.True(page.IndexOf(Marked, StringComparison.Ordinal) < page.IndexOf("</head>", StringComparison.Ordinal));
    }

    [Fact]
    public void A_page_that_is_only_read_has_no_script_and_lets_none_run()
    {
        var outputs = new CellOutputs(new DisplayIds());
        outputs.Display(MimeBundle.Html($"<p>kept</p><script data-xt-script=\"lib/1\">{new string('x', 100_000)}</script><SCRIPT>draw(1)</SCRIPT >", "chart"), null);
        var notebook = Sample.Document(Sample.Code("x"));
        notebook.Cells[0].Outputs = outputs.ToJson();
        var page = NotebookPage.Render(notebook, ".", "sample", new() { WithoutScripts = true });
        Assert.Contains("<p>kept</p>", page);
        Assert.DoesNotContain("<script", page, StringComparison.OrdinalIgnoreCase);
        Assert.DoesNotContain("script-src", page);
        Assert.True(page.Length < 50_000);
    }

    [Fact]
    public void Relative_links_lead_from_the_page_to_what_they_meant_from_the_notebook()
    {
        var notebook = Sample.Document(Sample.Markdown("[a](b.ipynb) [c](../docs/c.md#d) [e](#f) [g](https://example.org/h) [i](mailto:x@example.org)"));
        var page = NotebookPage.Render(notebook, "/r/notebooks", "n", new() { Folder = "/r/docs/pages" });
        foreach (var link in new[] { "../../notebooks/b.ipynb", "../c.md#d", "#f", "https://example.org/h", "mailto:x@example.org" })
            Assert.Contains($"href=\"{link}\"", page);
    }

    [Fact]
    public void A_page_tells_which_cells_it_shows()
    {
        static string Told(params Sample.Cell[] cells) => Page(cells).Split("<meta name=\"notebook-source\" content=\"")[1].Split('"')[0];
        Assert.Equal(Told(Sample.Code("a"), Sample.Code("b")), Told(Sample.Code("a", "tag"), Sample.Code("b")));
        string[] told = [Told(Sample.Code("a"), Sample.Code("b")), Told(Sample.Code("b"), Sample.Code("a")), Told(Sample.Code("ab")), Told(Sample.Code("a"), Sample.Markdown("b"))];
        Assert.Equal(4, told.Distinct().Count());
    }

    [Theory]
    [InlineData("hide-input", "<details class=\"fold\"><summary>Show the code</summary>")]
    [InlineData("hide_output", "<details class=\"fold\"><summary>Show the output</summary>")]
    [InlineData("hide-cell", "<details class=\"fold\"><summary>Show the cell</summary>")]
    public void What_a_notebook_hides_the_reader_can_open(string tag, string html) =>
        Assert.Contains(html, Page(Sample.Code("x", tag)));

    [Fact]
    public void What_a_notebook_removes_is_not_on_the_page()
    {
        var page = Page(Sample.Code("aaa", "remove-input"), Sample.Code("bbb", "remove_cell"), Sample.Code("ccc", "remove-output"));
        Assert.DoesNotContain("aaa", page);
        Assert.DoesNotContain("bbb", page);
        Assert.Contains("ccc", page);
        Assert.Single(page.Split("from an earlier run").Skip(1));
    }

    private static string Page(params Sample.Cell[] cells) => NotebookPage.Render(Sample.Document(cells), ".", "sample");

    private static string PageOf(Action<CellOutputs> show)
    {
        var outputs = new CellOutputs(new DisplayIds());
        show(outputs);
        var notebook = Sample.Document(Sample.Code("x"));
        notebook.Cells[0].Outputs = outputs.ToJson();
        return NotebookPage.Render(notebook, ".", "sample");
    }

    private static string Output(Action<CellOutputs> show) => PageOf(show);
}
