using XtNotebooks.Kernel.Jupyter.History;

namespace XtNotebooks.Kernel.Tests.Jupyter;

public sealed class HistoryTests : IDisposable
{
    private readonly string folder = Directory.CreateTempSubdirectory().FullName;

    private string Path => System.IO.Path.Combine(folder, "deeper", "history.jsonl");

    public void Dispose() => Directory.Delete(folder, recursive: true);

    [Fact]
    public void The_last_cells_are_told_across_sessions()
    {
        using (var first = Open())
        {
            first.Add(1, "var x = 1;", null);
            first.Add(2, "x", "1");
        }
        using var second = Open();
        second.Add(1, "x + 1", "2");
        Assert.Equal(
            [new HistoryCell(1, 2, "x", "1"), new HistoryCell(2, 1, "x + 1", "2")],
            second.Tail(2));
        Assert.Equal(3, second.Tail(99).Count);
        Assert.Empty(second.Tail(-1));
    }

    [Fact]
    public void A_range_names_a_session_from_the_front_or_the_back()
    {
        for (var session = 1; session <= 2; session++)
        {
            using var earlier = Open();
            for (var line = 1; line <= 4; line++)
                earlier.Add(line, $"s{session} l{line}", null);
        }
        using var now = Open();
        now.Add(1, "now", null);
        Assert.Equal(["s1 l2", "s1 l3"], now.Range(1, 2, 4).Select(cell => cell.Code));
        Assert.Equal(["s2 l4"], now.Range(-1, 4, null).Select(cell => cell.Code));
        Assert.Equal(["now"], now.Range(0, 1, null).Select(cell => cell.Code));
        Assert.Empty(now.Range(77, 1, null));
    }

    [Fact]
    public void A_search_matches_whole_cells_by_glob()
    {
        using var history = Open();
        foreach (var (line, code) in ((int, string)[])[(1, "1+2"), (2, "a\n1+2"), (3, "1+2"), (4, "1+23")])
            history.Add(line, code, null);
        Assert.Equal([1, 3], history.Search("1?2", null, unique: false).Select(cell => cell.Line));
        Assert.Equal([3], history.Search("1?2", null, unique: true).Select(cell => cell.Line));
        Assert.Equal([3], history.Search("1?2", 1, unique: false).Select(cell => cell.Line));
        Assert.Equal(4, history.Search("*1+2*", null, unique: false).Count);
        Assert.Empty(history.Search("[1]*", null, unique: false));
    }

    [Fact]
    public async Task A_pattern_of_many_stars_takes_no_time()
    {
        using var history = Open();
        history.Add(1, new string('a', 10_000), null);
        var search = Task.Run(() => history.Search(string.Concat(Enumerable.Repeat("*a", 50)) + "b", null, unique: false));
        Assert.Same(search, await Task.WhenAny(search, Task.Delay(TimeSpan.FromSeconds(20), TestContext.Current.CancellationToken)));
        Assert.Empty(await search);
    }

    [Fact]
    public void A_damaged_file_loses_only_its_damaged_lines()
    {
        using (var first = Open())
            first.Add(1, "kept", null);
        File.AppendAllText(Path, "{\"session\": 1, \"li\n\0\0\0\n[]\n");
        using var second = Open();
        Assert.Equal("kept", Assert.Single(second.Tail(10)).Code);
        second.Add(1, "after", null);
        Assert.Equal(["kept", "after"], second.Tail(10).Select(cell => cell.Code));
    }

    [Fact]
    public void Two_kernels_at_once_have_numbers_of_their_own_and_lose_nothing()
    {
        using (var one = Open())
        using (var two = Open())
        {
            Parallel.For(0, 50, i =>
            {
                one.Add(i + 1, $"one {i}", null);
                two.Add(i + 1, $"two {i}", null);
            });
        }
        using var after = Open();
        var cells = after.Tail(1000);
        Assert.Equal(100, cells.Select(cell => cell.Code).Distinct().Count());
        Assert.Equal(2, cells.Select(cell => cell.Session).Distinct().Count());
    }

    [Fact]
    public void A_file_that_cannot_be_written_is_told_once_and_cells_go_on()
    {
        var log = new StringWriter();
        using var history = new CellHistory(new HistoryFile(System.IO.Path.Combine(folder, "\0bad", "h"), log));
        history.Add(1, "a", null);
        history.Add(2, "b", null);
        Assert.Equal(2, history.Tail(5).Count);
        history.Dispose();
        Assert.Single(log.ToString().Split('\n', StringSplitOptions.RemoveEmptyEntries));
    }

    [Fact]
    public void Nobody_else_may_read_the_file()
    {
        using (var history = Open())
            history.Add(1, "var key = \"secret\";", null);
        if (!OperatingSystem.IsWindows())
            Assert.Equal(UnixFileMode.UserRead | UnixFileMode.UserWrite, File.GetUnixFileMode(Path));
    }

    private CellHistory Open() => new(new HistoryFile(Path, TextWriter.Null));
}
