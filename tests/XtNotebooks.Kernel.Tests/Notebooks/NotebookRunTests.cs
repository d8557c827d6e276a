using XtNotebooks.Extensibility;
using XtNotebooks.Kernel.Jupyter.Output;
using XtNotebooks.Kernel.Notebooks;
using XtNotebooks.Kernel.Scripting;

namespace XtNotebooks.Kernel.Tests.Notebooks;

public class NotebookRunTests
{
    private static readonly CancellationToken None = TestContext.Current.CancellationToken;

    [Fact]
    public async Task Cells_run_in_order_with_one_session_and_show_only_this_runs_outputs()
    {
        var notebook = Sample.Document(Sample.Code("a"), Sample.Markdown("text"), Sample.Code("  \n"), Sample.Code("b"));
        var session = new FakeSession().On("a", output => output.Stream(StreamName.Stdout, "hi")).On("b", FakeSession.Value("42"));
        var failure = await Run(notebook, session);
        Assert.Null(failure);
        Assert.Equal(["a", "b"], session.Ran);
        Assert.Equal([1, null, 2], notebook.CodeCells.Select(cell => cell.ExecutionCount));
        Assert.Equal(["stream", "", "execute_result"], notebook.CodeCells.Select(cell => cell.Outputs.Count == 0 ? "" : (string?)cell.Outputs[0]!["output_type"]));
        Assert.DoesNotContain("earlier run", notebook.ToJson());
    }

    [Fact]
    public async Task Output_without_end_is_cut_with_a_note_and_the_rest_is_in_a_file()
    {
        using var folder = new TemporaryFolder();
        var limit = OutputLimit.Beside(Path.Combine(folder.Path, "n.executed.ipynb")) with { Characters = 10, Displays = 1 };
        var notebook = Sample.Document(Sample.Code("a"), Sample.Code("b"));
        var session = new FakeSession().On("a", output =>
        {
            for (var i = 0; i < 1_000; i++)
                output.Stream(StreamName.Stdout, "12345\n");
        }).On("b", output =>
        {
            output.Display(MimeBundle.Text("one"), null);
            output.Display(MimeBundle.Text("two"), "id");
            output.UpdateDisplay(MimeBundle.Text("three"), "id");
        });
        var run = new NotebookRun(notebook, new(null, TimeProvider.System, Limit: limit));
        Assert.Null(await run.ExecuteAsync(session, new Silence(), None));
        run.ToJson();
        var text = MultilineText.Join(notebook.Cells[0].Outputs.Single()!["text"]);
        var rest = Assert.Single(Directory.GetFiles(Path.Combine(folder.Path, "n.executed.outputs"), "cell-1-*.txt"));
        Assert.StartsWith("12345\n1234\n[Output cut after ", text, StringComparison.Ordinal);
        Assert.EndsWith($"The rest is in {rest}.]\n", text, StringComparison.Ordinal);
        Assert.StartsWith("5\n12345\n", await File.ReadAllTextAsync(rest, None), StringComparison.Ordinal);
        Assert.Equal(["display_data", "stream"], notebook.Cells[1].Outputs.Select(output => (string?)output!["output_type"]));
        Assert.Single(Directory.GetFiles(Path.Combine(folder.Path, "n.executed.outputs"), "cell-2-*.html"));
    }

    [Fact]
    public async Task An_error_without_end_is_cut_and_the_whole_is_in_a_file()
    {
        using var folder = new TemporaryFolder();
        var limit = OutputLimit.Beside(Path.Combine(folder.Path, "n.executed.ipynb"));
        var notebook = Sample.Document(Sample.Code("a"));
        var session = new FakeSession().On("a", (_, _, _) => Task.FromResult(FakeSession.Failed("E", new string('x', 100_000), line: 1)));
        var failure = await new NotebookRun(notebook, new(null, TimeProvider.System, Limit: limit)).ExecuteAsync(session, new Silence(), None);
        Assert.InRange(failure!.Error.Message.Length, 20_000, 20_100);
        Assert.Single(Directory.GetFiles(Path.Combine(folder.Path, "n.executed.outputs"), "cell-1-*.txt"));
    }

    [Fact]
    public async Task A_failing_cell_ends_the_run_and_keeps_what_it_had_shown()
    {
        var notebook = Sample.Document(Sample.Code("a"), Sample.Code("b"), Sample.Code("c"), Sample.Code("d"));
        var session = new FakeSession().On("b", (_, output, _) =>
        {
            output.Stream(StreamName.Stdout, "before");
            return Task.FromResult(FakeSession.Failed("DivideByZeroException", "Attempted to divide by zero.", line: 1));
        });
        var failure = await Run(notebook, session);
        Assert.Equal((2, "DivideByZeroException", 2), (failure!.Number, failure.Error.Name, failure.NotRun));
        Assert.Equal(["a", "b"], session.Ran);
        var outputs = notebook.Cells[1].Outputs;
        Assert.Equal(["stream", "error"], outputs.Select(output => (string?)output!["output_type"]));
        Assert.Equal("Attempted to divide by zero.", (string?)outputs[1]!["evalue"]);
        Assert.Null(notebook.Cells[2].ExecutionCount);
        Assert.Empty(notebook.Cells[3].Outputs);
    }

    [Fact]
    public async Task A_cell_tagged_raises_exception_may_fail()
    {
        var notebook = Sample.Document(Sample.Code("a", "raises-exception"), Sample.Code("b"));
        var session = new FakeSession().On("a", FakeSession.Failed("E", "m"));
        Assert.Null(await Run(notebook, session));
        Assert.Equal(["a", "b"], session.Ran);
        Assert.Equal("error", (string?)notebook.Cells[0].Outputs[0]!["output_type"]);
    }

    [Fact]
    public async Task A_cell_tagged_skip_execution_is_not_run_and_keeps_its_outputs()
    {
        var notebook = Sample.Document(Sample.Code("a", "skip-execution"), Sample.Code("b"));
        var session = new FakeSession();
        Assert.Null(await Run(notebook, session));
        Assert.Equal(["b"], session.Ran);
        Assert.Equal(99, notebook.Cells[0].ExecutionCount);
        Assert.Single(notebook.Cells[0].Outputs);
        Assert.Equal(1, notebook.Cells[1].ExecutionCount);
    }

    [Fact]
    public async Task A_cell_that_never_ends_is_stopped_by_the_timeout_and_says_so()
    {
        var notebook = Sample.Document(Sample.Code("a", "raises-exception"), Sample.Code("b"));
        var session = new FakeSession().On("a", (_, _, stop) => FakeSession.Endless(stop));
        var failure = await Run(notebook, session, TimeSpan.FromMilliseconds(50));
        Assert.Equal("CellTimeout", failure!.Error.Name);
        Assert.Contains("longer than 0.05 s", failure.Error.Message);
        Assert.Equal(["a"], session.Ran);
        Assert.Equal("CellTimeout", (string?)notebook.Cells[0].Outputs[0]!["ename"]);
    }

    [Fact]
    public async Task Stopping_the_run_stops_the_cell_and_what_follows()
    {
        using var stop = new CancellationTokenSource();
        var notebook = Sample.Document(Sample.Code("a"), Sample.Code("b"));
        var session = new FakeSession().On("a", async (_, output, token) =>
        {
            output.Stream(StreamName.Stdout, "working");
            await stop.CancelAsync();
            return await FakeSession.Endless(token);
        });
        var failure = await new NotebookRun(notebook, new(null, TimeProvider.System)).ExecuteAsync(session, new Silence(), stop.Token);
        Assert.Equal("Interrupted", failure!.Error.Name);
        Assert.Equal(["a"], session.Ran);
    }

    [Fact]
    public async Task A_session_that_does_not_give_up_a_stopped_cell_does_not_hold_the_run()
    {
        var clock = new ManualClock();
        var notebook = Sample.Document(Sample.Code("a"));
        var started = new TaskCompletionSource();
        var session = new FakeSession().On("a", (_, _, _) =>
        {
            started.SetResult();
            return new TaskCompletionSource<CellResult>().Task;
        });
        var running = new NotebookRun(notebook, new(TimeSpan.FromSeconds(2), clock)).ExecuteAsync(session, new Silence(), None);
        await started.Task.WaitAsync(None);
        while (!running.IsCompleted)
        {
            clock.Advance(TimeSpan.FromSeconds(1));
            await Task.Delay(1, None);
        }
        Assert.Equal("CellTimeout", (await running)!.Error.Name);
    }

    [Fact]
    public async Task A_cell_in_another_language_fails_with_a_sentence()
    {
        var json = Sample.Json(Sample.Code("let x = 1")).Replace("\"metadata\":{}", """ "metadata":{"polyglot_notebook":{"kernelName":"fsharp"}}""", StringComparison.Ordinal);
        var failure = await Run(NotebookDocument.Parse(json, "n"), new FakeSession());
        Assert.Equal("This cell is written in fsharp; only C# cells can run here.", failure!.Error.Message);
    }

    [Fact]
    public async Task Outputs_that_come_after_their_cell_has_ended_are_in_the_notebook()
    {
        ICellOutput? late = null;
        var notebook = Sample.Document(Sample.Code("a"), Sample.Code("b"));
        var session = new FakeSession().On("a", output => late = output).On("b", _ => late!.Stream(StreamName.Stdout, "late"));
        await Run(notebook, session);
        Assert.Equal("late", MultilineText.Join(notebook.Cells[0].Outputs[0]!["text"]));
        Assert.Empty(notebook.Cells[1].Outputs);
    }

    [Theory]
    [InlineData("## Train it\nwords", "// code", "Train it")]
    [InlineData("no heading", "\n// Four settings\nvar x = 1;", "Four settings")]
    [InlineData("no heading", "var x = 1;", "var x = 1;")]
    public void A_cell_is_called_by_the_heading_above_it_or_its_first_line(string above, string code, string title)
    {
        var cells = Sample.Document(Sample.Code("z"), Sample.Markdown(above), Sample.Code(code)).Cells;
        Assert.Equal(title, CellTitle.Of(cells, 2));
    }

    private static async Task<CellFailure?> Run(NotebookDocument notebook, FakeSession session, TimeSpan? timeout = null)
    {
        var run = new NotebookRun(notebook, new(timeout, TimeProvider.System));
        var failure = await run.ExecuteAsync(session, new Silence(), None);
        run.ToJson();
        return failure;
    }

    private sealed class Silence : IRunProgress
    {
        public void CellStarted(int number, int count, string title) { }

        public void CellEnded(int number, int count, TimeSpan elapsed, bool failed) { }
    }
}
