using XtNotebooks.Kernel.Tests.Scripting;

namespace XtNotebooks.Kernel.Tests.Packages;

public sealed class ExtensionTests
{
    private const string Counter = """
        using System.Threading.Tasks;
        using XtNotebooks.Extensibility;
        public sealed class CounterExtension : INotebookExtension
        {
            static int s_loads;
            public void Load(INotebook notebook)
            {
                s_loads++;
                notebook.AddMagic(new MagicCommand
                {
                    Name = "#!count",
                    Summary = "Counts.",
                    Options = [new MagicOption { Name = "--to", Summary = "The last number.", Type = typeof(int), Required = true }],
                    Run = (call, cancel) =>
                    {
                        call.Notebook.Write($"counted to {call.Get<int>("--to")}, loaded {s_loads} time(s)");
                        call.Notebook.SetVariable("counted", call.Get<int>("--to"), typeof(int));
                        call.Notebook.SetVariable("thing", new Thing(5), typeof(Thing));
                        return Task.CompletedTask;
                    },
                });
                notebook.RegisterFormatter(typeof(System.Version), "text/html", value => $"<b>{value}</b>");
            }
        }
        public sealed record Thing(int Size);
        """;

    [Fact]
    public async Task An_extension_is_loaded_once_and_its_magic_works_in_the_same_cell_as_its_reference()
    {
        using var feed = new TestFeed();
        feed.Add("Count.Extension", "1.0.0", Counter);
        await using var notebook = new Notebook(feed.Options);
        await notebook.Value("#r \"nuget: Count.Extension\"\n#!count --to 3");
        Assert.Equal("counted to 3, loaded 1 time(s)", notebook.Output.Stdout);
        await notebook.Value("#r \"nuget: Count.Extension\"\nvar last = 4;\n#!count --to last");
        Assert.Equal("counted to 4, loaded 1 time(s)", notebook.Output.Stdout);
        Assert.Equal("9", await notebook.Value("counted + thing.Size"));
        var shown = await notebook.Run("new Version(1, 2)", cancellationToken: TestContext.Current.CancellationToken);
        Assert.Equal("<b>1.2</b>", shown.Value!.Data["text/html"]);
    }

    [Fact]
    public async Task An_extension_that_fails_is_said_in_one_sentence_and_its_package_stays_usable()
    {
        using var feed = new TestFeed();
        feed.Add("Bad.Extension", "1.0.0", """
            public sealed class Bad : XtNotebooks.Extensibility.INotebookExtension
            {
                public static int Answer => 42;
                public void Load(XtNotebooks.Extensibility.INotebook notebook) => throw new System.InvalidOperationException("no luck");
            }
            """);
        await using var notebook = new Notebook(feed.Options);
        var error = await notebook.Error("#r \"nuget: Bad.Extension\"");
        Assert.Equal("The extension of Bad.Extension 1.0.0 failed to load: no luck (InvalidOperationException)", error.Message);
        Assert.Equal("42", await notebook.Value("Bad.Answer"));
    }

    [Fact]
    public async Task An_extension_that_failed_is_tried_again_when_its_cell_is_run_again()
    {
        using var feed = new TestFeed();
        feed.Add("Late.Extension", "1.0.0", """
            using XtNotebooks.Extensibility;
            public sealed class Late : INotebookExtension
            {
                static int s_loads;
                public void Load(INotebook notebook)
                {
                    if (++s_loads == 1)
                        throw new System.InvalidOperationException("not yet");
                    notebook.AddMagic(new MagicCommand { Name = "#!late", Summary = "Late.", Run = (call, _) => { call.Notebook.Write($"{s_loads}"); return System.Threading.Tasks.Task.CompletedTask; } });
                }
            }
            """);
        await using var notebook = new Notebook(feed.Options);
        Assert.Contains("not yet", (await notebook.Error("#r \"nuget: Late.Extension\"")).Message, StringComparison.Ordinal);
        for (var i = 0; i < 2; i++)
            await notebook.Value("#r \"nuget: Late.Extension\"\n#!late");
        Assert.Equal("2", notebook.Output.Stdout);
    }

    [Fact]
    public async Task An_assembly_that_could_not_be_read_is_referenced_once_it_can_be()
    {
        using var feed = new TestFeed();
        await using var notebook = new Notebook(feed.Options);
        var path = Path.Combine(feed.Folder, "Tardy.dll");
        Assert.Throws<FileNotFoundException>(() => notebook.Session.AddAssembly(path));
        await File.WriteAllBytesAsync(path, TestFeed.Compile("Tardy", "1.0.0", "public static class Tardy { public static int Answer => 42; }", []), TestContext.Current.CancellationToken);
        notebook.Session.AddAssembly(path);
        Assert.Equal("42", await notebook.Value("Tardy.Answer"));
    }

    [Fact]
    public async Task A_magic_that_is_not_known_is_answered_with_the_nearest_names()
    {
        using var feed = new TestFeed();
        feed.Add("Count.Extension", "1.0.0", Counter);
        await using var notebook = new Notebook(feed.Options);
        await notebook.Value("#r \"nuget: Count.Extension\"");
        Assert.Equal("There is no magic #!coutn; did you mean #!count?", (await notebook.Error("#!coutn --to 3")).Message);
        Assert.Equal("#!count has no option --too; did you mean --to?", (await notebook.Error("#!count --too 3")).Message);
        Assert.Equal("#!count needs --to: the last number.", (await notebook.Error("#!count")).Message);
        Assert.Equal("--to expects a whole number, not 'many'.", (await notebook.Error("#!count --to many")).Message);
        await notebook.Value("#!count --help");
        Assert.Contains("Counts.", notebook.Output.Stdout, StringComparison.Ordinal);
        Assert.Contains("--to  The last number. (a whole number; required)", notebook.Output.Stdout, StringComparison.Ordinal);
    }
}
