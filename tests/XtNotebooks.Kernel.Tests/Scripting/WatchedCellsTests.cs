using XtNotebooks.Extensibility;
using XtNotebooks.Kernel.Scripting;

namespace XtNotebooks.Kernel.Tests.Scripting;

public sealed class WatchedCellsTests
{
    [Fact]
    public async Task Who_watches_is_told_on_the_cells_thread_when_it_begins_and_when_it_has_ended_whatever_its_outcome()
    {
        await using var notebook = new Notebook();
        var told = new List<string>();
        Thread? thread = null;
        notebook.Session.Notebook.WatchCells(number =>
        {
            thread = Thread.CurrentThread;
            told.Add($"begin {number}");
            return new Ending(() => told.Add($"end {number}"));
        });
        await notebook.Value("var x = 1;");
        await notebook.Error("throw new Exception();");
        await notebook.Error("does not compile");
        Assert.Equal(["begin 1", "end 1", "begin 2", "end 2", "begin 3", "end 3"], told);
        Assert.Equal("Cell", thread!.Name);
    }

    [Fact]
    public async Task Who_returns_nothing_is_not_told_of_the_end()
    {
        await using var notebook = new Notebook();
        var told = 0;
        notebook.Session.Notebook.WatchCells(_ => { told++; return null; });
        Assert.Equal("2", await notebook.Value("1 + 1"));
        Assert.Equal(1, told);
    }

    [Fact]
    public async Task The_cell_that_begins_to_watch_is_told_of_too_and_ends_after_what_it_disposes_of()
    {
        await using var notebook = new Notebook();
        var told = new List<string>();
        notebook.Session.SetVariable("begin", (Action)(() => notebook.Session.Notebook.WatchCells(number =>
        {
            told.Add($"begin {number}");
            return new Ending(() => told.Add($"end {number}"));
        })), typeof(Action));
        notebook.Session.SetVariable("mine", new Ending(() => told.Add("disposed of")), typeof(IDisposable));
        await notebook.Value("begin(); using var x = mine;");
        await notebook.Value("1");
        Assert.Equal(["begin 1", "disposed of", "end 1", "begin 2", "end 2"], told);
    }

    private sealed class Ending(Action end) : IDisposable
    {
        public void Dispose() => end();
    }
}
