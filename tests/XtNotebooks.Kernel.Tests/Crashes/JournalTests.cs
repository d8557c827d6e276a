using System.Text.Json.Nodes;
using XtNotebooks.Extensibility;
using XtNotebooks.Kernel.Cli;
using XtNotebooks.Kernel.Crashes;
using XtNotebooks.Kernel.Jupyter.Wire;
using XtNotebooks.Kernel.Notebooks;
using XtNotebooks.Kernel.Scripting;
using XtNotebooks.Kernel.Tests.Notebooks;

namespace XtNotebooks.Kernel.Tests.Crashes;

public sealed class JournalTests : IDisposable
{
    private static readonly CellError Cause = new("StackOverflow", "It overflowed.", ["It overflowed."], null);
    private static readonly IncomingMessage Request = new(
        ChannelName.Shell, [[1, 2]], new MessageHeader("id", "s", "execute_request", null), "{\"msg_id\":\"id\"}"u8.ToArray(), null, null, []);

    private readonly TemporaryFolder folder = new();
    private readonly string path;

    public JournalTests() => path = folder.File("journal", "");

    public void Dispose() => folder.Dispose();

    [Fact]
    public void It_is_open_from_the_first_line_to_the_end()
    {
        using var journal = new Journal(path);
        Assert.False(Journal.IsOpen(Entries()));
        journal.Write(json => json.WriteNumber("a", 1));
        Assert.True(Journal.IsOpen(Entries()));
        journal.End();
        Assert.False(Journal.IsOpen(Entries()));
    }

    [Fact]
    public void What_cells_still_do_after_the_end_does_not_take_it_back()
    {
        using (var journal = new Journal(path))
        {
            var requests = new OpenRequests(journal, "connection.json");
            requests.Take(Request);
            requests.End();
            requests.Done(Request);
            Assert.False(Journal.IsOpen(Entries()));
        }
        using (var journal = new Journal(path))
        {
            var run = new RunJournal(journal);
            run.Begin(new RunPaths("n.ipynb", "out.ipynb", null, "."), false, "{}");
            var recorded = run.CellBegins(0, 1, 1, new CellOutputs(new DisplayIds()));
            run.End();
            recorded.Stream(StreamName.Stdout, "late");
            run.CellEnds();
            Assert.False(Journal.IsOpen(Entries()));
        }
    }

    [Fact]
    public void The_supervisor_reads_what_the_other_process_writes_also_without_a_name()
    {
        using var reading = Journal.Prepare(path);
        Assert.Empty(Journal.Read(reading));
        using var journal = new Journal(path);
        File.Delete(path);
        journal.Write(json => json.WriteNumber("a", 1));
        Assert.Equal(1, (int)Journal.Read(reading).Single()["a"]!);
        journal.Replace(0, [json => json.WriteNumber("b", 2)]);
        Assert.Equal(2, (int)Journal.Read(reading).Single()["b"]!);
    }

    [Fact]
    public void A_line_that_was_cut_by_the_end_of_the_process_is_left_out()
    {
        File.WriteAllText(path, "{\"a\":1}\n{\"b\":2}\n{\"c\":");
        Assert.Equal(2, Entries().Count);
    }

    [Fact]
    public void A_run_that_died_is_written_as_far_as_it_had_come()
    {
        var notebook = NotebookDocument.Parse(Sample.Json(Sample.Code("1"), Sample.Code("2"), Sample.Code("3")), "n");
        using var journal = new Journal(path);
        var run = new RunJournal(journal);
        var begun = new NotebookRun(notebook, new RunOptions(null, TimeProvider.System));
        run.Begin(new RunPaths("n.ipynb", "out.ipynb", null, "."), false, begun.ToJson());
        var displays = new DisplayIds();
        var first = new CellOutputs(displays);
        var recorded = run.CellBegins(0, 1, 3, first);
        recorded.Stream(StreamName.Stdout, "one");
        recorded.Display(MimeBundle.Text("shown"), "first");
        first.Result(MimeBundle.Text("result"), 1);
        run.CellEnds();
        recorded = run.CellBegins(1, 2, 3, new CellOutputs(displays));
        recorded.Stream(StreamName.Stderr, "gone");
        recorded.Clear(wait: false);
        recorded.Display(MimeBundle.Text("old"), "id");
        recorded.UpdateDisplay(MimeBundle.Text("new"), "id");
        recorded.Stream(StreamName.Stdout, "two");

        Assert.True(Journal.IsOpen(Entries()));
        var entries = Entries();
        var document = NotebookDocument.Parse((string)entries[0]["document"]!, "n");
        var failure = CrashedRun.Replay(document, entries.Skip(1), Cause);
        Assert.Equal(new CellFailure(2, "2", Cause, 1), failure);
        Assert.Equal(["one", "shown", "result"], Texts(document.Cells[0]));
        Assert.Equal(["new", "two", "StackOverflow"], Texts(document.Cells[1]));
        Assert.Equal(2, document.Cells[1].ExecutionCount);
        Assert.Empty(document.Cells[2].Outputs);
    }

    [Fact]
    public void A_live_view_is_kept_as_it_was_last_and_the_journal_stays_small()
    {
        var notebook = NotebookDocument.Parse(Sample.Json(Sample.Code("1"), Sample.Code("2")), "n");
        using var journal = new Journal(path);
        var run = new RunJournal(journal);
        var displays = new DisplayIds();
        run.Begin(new RunPaths("n.ipynb", "out.ipynb", null, "."), false, notebook.ToJson());
        var early = run.CellBegins(0, 1, 2, new CellOutputs(displays));
        early.Display(MimeBundle.Text("old"), "earlier");
        run.CellEnds();
        var live = run.CellBegins(1, 2, 2, new CellOutputs(displays));
        live.Stream(StreamName.Stdout, "one, ");
        live.Stream(StreamName.Stdout, "two");
        live.Display(MimeBundle.Text("0"), "live");
        early.Stream(StreamName.Stdout, "late");
        var padding = new string('<', 10_000);
        var longest = 0L;
        for (var i = 1; i <= 1_000; i++)
        {
            live.UpdateDisplay(MimeBundle.Text($"{i} {padding}"), "earlier");
            live.UpdateDisplay(MimeBundle.Text($"{i} {padding}"), "live");
            longest = Math.Max(longest, new FileInfo(path).Length);
        }
        live.Stream(StreamName.Stdout, "three");

        Assert.InRange(longest, 4_000_000, 5_000_000);
        Assert.Equal(2, CrashedRun.Replay(notebook, Entries().Skip(1), Cause)!.Number);
        Assert.Equal([$"1000 {padding}", "late"], Texts(notebook.Cells[0]));
        Assert.Equal(["one, two", $"1000 {padding}", "three", "StackOverflow"], Texts(notebook.Cells[1]));
    }

    [Fact]
    public void Everything_that_a_cell_can_show_is_the_same_after_it_was_put_together()
    {
        var notebook = NotebookDocument.Parse(Sample.Json(Sample.Code("1"), Sample.Code("2")), "n");
        using var journal = new Journal(path);
        var run = new RunJournal(journal);
        var displays = new DisplayIds();
        run.Begin(new RunPaths("n.ipynb", "out.ipynb", null, "."), false, notebook.ToJson());
        var outputs = new CellOutputs(displays);
        var recorded = run.CellBegins(0, 1, 2, outputs);
        recorded.Stream(StreamName.Stdout, "gone");
        recorded.Clear(wait: true);
        recorded.Stream(StreamName.Stderr, "a\r\nb\u2028\ud83d\ude00 half \ud83d");
        recorded.Display(new MimeBundle(new Dictionary<string, string>
        {
            ["text/plain"] = "x", ["text/html"] = "<b>x</b>", ["application/json"] = "[1.50]", ["image/png"] = "iVBO",
        }), null);
        recorded.Display(MimeBundle.Text("shown twice"), "id");
        recorded.Display(MimeBundle.Text("shown twice"), "id");
        outputs.Result(MimeBundle.Text("result"), 1);
        outputs.Error(new CellError("Failed", "It failed.", ["It failed.", "   at line 1"], 1));
        recorded.Clear(wait: true);
        run.CellEnds();
        run.CellBegins(1, 2, 2, new CellOutputs(displays)).UpdateDisplay(MimeBundle.Text("updated"), "id");

        CrashedRun.Replay(notebook, Entries().Skip(1), Cause);
        Assert.Equal(outputs.ToJson().ToJsonString(), notebook.Cells[0].Outputs.ToJsonString());
        Assert.Equal(["updated", "updated"], Texts(notebook.Cells[0]).Where(text => text.StartsWith("updated", StringComparison.Ordinal)));
        recorded.Stream(StreamName.Stdout, "after all was to be cleared");
        CrashedRun.Replay(notebook, Entries().Skip(1), Cause);
        Assert.Equal(["after all was to be cleared"], Texts(notebook.Cells[0]));
    }

    [Fact]
    public void Lines_that_are_put_in_the_place_of_others_leave_those_before_alone()
    {
        using var journal = new Journal(path);
        journal.Write(json => json.WriteNumber("a", 1));
        var position = journal.Position;
        for (var i = 0; i < 10; i++)
            journal.Write(json => json.WriteNumber("b", 2));
        journal.Replace(position, [json => json.WriteNumber("c", 3), json => json.WriteNumber("d", 4)]);
        journal.Write(json => json.WriteNumber("e", 5));
        Assert.Equal(["a", "c", "d", "e"], Entries().Select(entry => entry.Single().Key));
    }

    private static IEnumerable<string> Texts(NotebookCell cell) => cell.Outputs.Select(output =>
        (string?)output!["ename"] ?? MultilineText.Join(output["text"] ?? output["data"]!["text/plain"]));

    private List<JsonObject> Entries()
    {
        using var file = new FileStream(path, FileMode.Open, FileAccess.Read, FileShare.ReadWrite);
        return Journal.Read(file);
    }
}
