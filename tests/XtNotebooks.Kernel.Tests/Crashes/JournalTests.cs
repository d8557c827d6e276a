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
            var cells = new RunningCells(journal, "connection.json");
            var running = cells.Begin(Request, 7, silent: false);
            cells.End();
            running.Dispose();
            Assert.False(Journal.IsOpen(Entries()));
        }
        using (var journal = new Journal(path))
        {
            var run = new RunJournal(journal);
            run.Begin(new RunPaths("n.ipynb", "out.ipynb", null, "."), false, "{}");
            run.CellBegins(0, 1, 1);
            var outputs = new CellOutputs(new DisplayIds());
            run.End();
            run.Recorded(outputs).Stream(StreamName.Stdout, "late");
            run.CellEnds(outputs);
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
        journal.Replace(json => json.WriteNumber("b", 2));
        Assert.Equal(2, (int)Journal.Read(reading).Single()["b"]!);
    }

    [Fact]
    public void A_line_that_was_cut_by_the_end_of_the_process_is_left_out()
    {
        File.WriteAllText(path, "{\"a\":1}\n{\"b\":2}\n{\"c\":");
        Assert.Equal(2, Entries().Count);
    }

    [Fact]
    public void The_running_cells_and_the_last_one_are_known()
    {
        using var journal = new Journal(path);
        var cells = new RunningCells(journal, "connection.json");
        cells.Tell();
        using (cells.Begin(Request, 7, silent: false))
        {
            var cell = RunningCell.Read(Entries()[0]["running"]!.AsArray().Single()!);
            Assert.Equal((7, false, "execute_request"), (cell.Count, cell.Silent, cell.Type));
            Assert.Equal(Request.RawHeader, cell.RawHeader);
            Assert.Equal(new byte[] { 1, 2 }, cell.Request.Identities.Single());
        }
        var state = Assert.Single(Entries());
        Assert.Empty(state["running"]!.AsArray());
        Assert.Equal(7, RunningCell.Read(state["last"]!).Count);
        Assert.Equal("connection.json", (string)state["connection"]!);
    }

    [Fact]
    public void A_run_that_died_is_written_as_far_as_it_had_come()
    {
        var notebook = NotebookDocument.Parse(Sample.Json(Sample.Code("1"), Sample.Code("2"), Sample.Code("3")), "n");
        using var journal = new Journal(path);
        var run = new RunJournal(journal);
        var begun = new NotebookRun(notebook, new RunOptions(null, TimeProvider.System));
        run.Begin(new RunPaths("n.ipynb", "out.ipynb", null, "."), false, begun.ToJson());
        run.CellBegins(0, 1, 3);
        var first = new CellOutputs(new DisplayIds());
        var recorded = run.Recorded(first);
        recorded.Stream(StreamName.Stdout, "one");
        recorded.Display(MimeBundle.Text("shown"), "id");
        run.CellEnds(first);
        run.CellBegins(1, 2, 3);
        recorded = run.Recorded(new CellOutputs(new DisplayIds()));
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
        Assert.Equal(["one", "shown"], Texts(document.Cells[0]));
        Assert.Equal(["new", "two", "StackOverflow"], Texts(document.Cells[1]));
        Assert.Equal(2, document.Cells[1].ExecutionCount);
        Assert.Empty(document.Cells[2].Outputs);
    }

    private static IEnumerable<string> Texts(NotebookCell cell) => cell.Outputs.Select(output =>
        (string?)output!["ename"] ?? MultilineText.Join(output["text"] ?? output["data"]!["text/plain"]));

    private List<JsonObject> Entries()
    {
        using var file = new FileStream(path, FileMode.Open, FileAccess.Read, FileShare.ReadWrite);
        return Journal.Read(file);
    }
}
