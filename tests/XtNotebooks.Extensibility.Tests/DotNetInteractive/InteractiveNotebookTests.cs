using XtNotebooks.Extensibility.DotNetInteractive;

namespace XtNotebooks.Extensibility.Tests.DotNetInteractive;

public sealed class InteractiveNotebookTests
{
    private readonly List<InteractiveCommand> commands = [];
    private readonly List<string> written = [];
    private readonly List<(string Name, object? Value)> declared = [];
    private readonly List<(string Name, object Value)> later = [];
    private readonly List<object?> shown = [];
    private readonly Dictionary<(Type, string), Func<object, string?>> formatters = [];

    private InteractiveNotebook Load(Action<INotebook>? extension = null) => InteractiveNotebook.Load(new()
    {
        Version = "1.0",
        Display = value =>
        {
            shown.Add(value);
            var at = shown.Count - 1;
            return updated => shown[at] = updated;
        },
        Write = written.Add,
        Variables = () => declared.Select(pair => new NotebookVariable(pair.Name, pair.Value?.GetType() ?? typeof(object), pair.Value)),
        SetVariable = (name, value, _) =>
        {
            declared.Add((name, value));
            return Task.CompletedTask;
        },
        SetVariableLater = (name, value) => later.Add((name, value)),
        RegisterFormatter = (type, mimeType, format) => formatters[(type, mimeType)] = format,
        PreferMimeTypes = (_, mimeTypes) => Assert.Equal(["text/html", "text/plain"], mimeTypes),
        AddCommand = commands.Add,
    }, new Extension(extension ?? (_ => { })));

    private Task<string?> Call(MagicCommand magic, string line, CancellationToken cancellationToken = default)
    {
        Load(notebook => notebook.AddMagic(magic));
        return commands.Single().Run("Directive: " + line, cancellationToken);
    }

    private static MagicCommand Magic(Action<MagicCall, CancellationToken> run) => new()
    {
        Name = "#!count",
        Summary = "Counts.",
        Options = [new() { Name = "--to", Summary = "The last number.", Type = typeof(int), Default = 10 }],
        Run = (call, cancellationToken) =>
        {
            run(call, cancellationToken);
            return Task.CompletedTask;
        },
    };

    [Fact]
    public async Task A_call_is_bound_from_the_line_as_it_was_written()
    {
        var to = 0;
        Assert.Null(await Call(Magic((call, _) => to = call.Get<int>("--to")), "#!count --to 3"));
        Assert.Equal(3, to);
    }

    [Fact]
    public async Task Help_is_written_and_nothing_is_run()
    {
        Assert.Null(await Call(Magic((_, _) => Assert.Fail("The magic ran.")), "#!count --help"));
        Assert.Contains("--to  The last number. (a whole number; default 10)", Assert.Single(written), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("#!count --to ten", "--to expects a whole number, not 'ten'.")]
    [InlineData("#!count --too 3", "#!count has no option --too; did you mean --to?")]
    public async Task What_does_not_fit_gives_the_magics_own_sentence(string line, string sentence)
    {
        var error = await Call(Magic((_, _) => { }), line);
        Assert.StartsWith(sentence, error, StringComparison.Ordinal);
        Assert.DoesNotContain('\n', error!);
    }

    [Fact]
    public async Task An_unforeseen_exception_becomes_one_sentence_with_its_innermost_cause()
    {
        var magic = Magic((_, _) => throw new InvalidOperationException("outer", new IOException("the disk is full\nand more")));
        Assert.Equal("#!count failed: the disk is full (IOException)", await Call(magic, "#!count"));
    }

    [Fact]
    public async Task A_cancelled_call_says_nothing_and_declares_what_it_has_behind_the_next_cell()
    {
        using var cancellation = new CancellationTokenSource();
        var magic = Magic((call, cancellationToken) =>
        {
            cancellation.Cancel();
            call.Notebook.SetVariable("sum", 6, typeof(int));
            cancellationToken.ThrowIfCancellationRequested();
        });
        Assert.Null(await Call(magic, "#!count", cancellation.Token));
        Assert.Equal([("sum", (object)6)], later);
        Assert.Empty(declared);
    }

    [Fact]
    public async Task A_magic_that_takes_the_lines_below_it_says_that_this_host_runs_them()
    {
        var magic = Magic((_, _) => Assert.Fail("The magic ran.")) with { TakesBody = true };
        Assert.Contains(".NET Interactive runs as C#", await Call(magic, "#!count"), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("2nd")]
    [InlineData("")]
    [InlineData("a b")]
    [InlineData("a;System.Environment.Exit(1);")]
    public void A_variable_needs_a_name_of_CSharp(string name)
    {
        var error = Assert.Throws<MagicException>(() => Load().SetVariable(name, 1, typeof(int)));
        Assert.Contains($"'{name}' is no C# name", error.Message, StringComparison.Ordinal);
        Assert.Empty(declared);
    }

    [Fact]
    public void Of_variables_with_one_name_the_last_counts()
    {
        var notebook = Load();
        notebook.SetVariable("x", 1, typeof(int));
        notebook.SetVariable("y", 2, typeof(int));
        notebook.SetVariable("x", "three", typeof(string));
        Assert.Equal(["y", "x"], notebook.Variables.Select(variable => variable.Name));
        Assert.True(notebook.TryGetVariable("x", out var x));
        Assert.Equal("three", x.Value);
        Assert.False(notebook.TryGetVariable("z", out _));
    }

    [Fact]
    public void Bundles_are_shown_by_the_richest_they_hold_and_encoded()
    {
        Load();
        string? Html(MimeBundle bundle) => formatters[(typeof(MimeBundle), "text/html")](bundle);
        Assert.Equal("<pre>a &lt; b</pre>", Html(MimeBundle.Text("a < b")));
        Assert.Equal("<b>1</b>", Html(MimeBundle.Html("<b>1</b>", "1")));
        Assert.Equal("<img alt=\"&lt;1&gt;\" src=\"data:image/png;base64,AAAA\">",
            Html(new(new Dictionary<string, string> { ["text/plain"] = "<1>", ["image/png"] = "AAAA" })));
    }

    [Fact]
    public void A_value_without_HTML_is_shown_by_its_text()
    {
        Load(notebook =>
        {
            notebook.RegisterFormatter(typeof(Version), "text/html", value => ((Version)value).Major > 0 ? "<b>new</b>" : null);
            notebook.RegisterFormatter(typeof(Version), "text/plain", value => ((Version)value).Minor > 0 ? "<old>" : null);
        });
        var html = formatters[(typeof(Version), "text/html")];
        Assert.Equal("<b>new</b>", html(new Version(1, 0)));
        Assert.Equal("<pre>&lt;old&gt;</pre>", html(new Version(0, 1)));
        Assert.Equal("<pre>0.0</pre>", html(new Version(0, 0)));
    }

    [Fact]
    public void A_display_is_updated_in_place()
    {
        var notebook = Load();
        var handle = notebook.Display("one");
        handle.Update("two");
        Assert.Equal("two", shown[^1]);
    }

    [Fact]
    public void Native_libraries_are_looked_for_where_the_host_has_put_packages_on_the_search_path()
    {
        var package = Directory.CreateTempSubdirectory();
        try
        {
            var native = Directory.CreateDirectory(Path.Combine(package.FullName, "runtimes", "linux-x64", "native")).FullName;
            var other = Directory.CreateDirectory(Path.Combine(package.FullName, "native")).FullName;
            var path = string.Join(Path.PathSeparator, [package.FullName, native + Path.DirectorySeparatorChar, native, other, Path.Combine(package.FullName, "runtimes", "osx", "native"), ""]);
            Assert.Equal([native], InteractiveNotebook.NativeDirectoriesOf(path));
        }
        finally
        {
            package.Delete(recursive: true);
        }
    }

    [Fact]
    public void A_report_of_the_same_title_takes_the_place_of_the_earlier_one()
    {
        var notebook = Load();
        notebook.AddReport(new("libtorch", ReportKind.Check, () => "1"));
        notebook.AddReport(new("libtorch", ReportKind.Check, () => "2"));
        Assert.Equal("2", Assert.Single(notebook.Reports).Read());
    }

    private sealed class Extension(Action<INotebook> load) : INotebookExtension
    {
        public void Load(INotebook notebook) => load(notebook);
    }
}
