using System.Text;
using XtNotebooks.Kernel.Crashes;
using XtNotebooks.Kernel.Scripting;
using XtNotebooks.Kernel.Tests.Notebooks;

namespace XtNotebooks.Kernel.Tests.Crashes;

public sealed class UnsentOutputTests : IDisposable
{
    private static readonly byte[] Cell = "cell"u8.ToArray();
    private static readonly byte[] Other = "other"u8.ToArray();

    private readonly TemporaryFolder folder = new();
    private readonly string path;
    private readonly Queue<Action> sockets = new();
    private readonly UnsentOutput unsent;

    public UnsentOutputTests()
    {
        path = folder.File("out", "");
        unsent = new UnsentOutput(path) { AfterSending = sockets.Enqueue };
    }

    public void Dispose() => folder.Dispose();

    [Fact]
    public void What_has_not_left_is_there_in_order()
    {
        Assert.Equal([], Left());
        for (var i = 0; i < 5; i++)
            Publish($"{i}");
        Assert.Equal(["0", "1", "2", "3", "4"], Left());
        Leave(3);
        Assert.Equal(["3", "4"], Left());
        Publish("5");
        Assert.Equal(["3", "4", "5"], Left());
        Leave(3);
        Assert.Equal([], Left());
        Publish("a short one");
        Assert.Equal(["a short one"], Left());
    }

    [Fact]
    public void Text_that_waits_is_there_until_it_is_in_a_message()
    {
        unsent.Wait(Cell, StreamName.Stdout, "a");
        unsent.Wait(Other, StreamName.Stderr, "ü");
        unsent.Wait(Cell, StreamName.Stdout, "b");
        Assert.Equal(["cell Stdout: ab", "other Stderr: ü"], Left());
        Publish("shown", Cell);
        Assert.Equal(["shown", "cell Stdout: ab", "other Stderr: ü"], Left());
        Publish("ab", Cell, "stream.stdout");
        Assert.Equal(["shown", "ab", "other Stderr: ü"], Left());
        Leave(2);
        Assert.Equal(["other Stderr: ü"], Left());
        unsent.Wait(Cell, StreamName.Stdout, "c");
        Assert.Equal(["other Stderr: ü", "cell Stdout: c"], Left());
        Publish("ü", Other, "stream.stderr");
        Publish("c", Cell, "stream.stdout");
        Leave(2);
        Assert.Equal([], Left());
    }

    [Fact]
    public void Text_that_comes_by_thousands_is_there_whole()
    {
        for (var i = 0; i < 100_000; i++)
        {
            unsent.Wait(Cell, StreamName.Stdout, $"{i % 10}");
            if (i % 20_000 == 7)
                unsent.Wait(Other, StreamName.Stderr, "\ud83d");
            if (i % 20_000 == 11)
                unsent.Wait(Other, StreamName.Stderr, "\ude00");
        }
        var digits = string.Concat(Enumerable.Repeat("0123456789", 10_000));
        Assert.Equal([$"cell Stdout: {digits}", "other Stderr: 😀😀😀😀😀"], Left());
        Publish(digits, Cell, "stream.stdout");
        Assert.Equal([digits, "other Stderr: 😀😀😀😀😀"], Left());
        unsent.Wait(Cell, StreamName.Stderr, "then");
        unsent.Wait(Cell, StreamName.Stderr, new string('x', 50_000));
        unsent.Wait(Cell, StreamName.Stderr, "last");
        Assert.Equal([digits, "other Stderr: 😀😀😀😀😀", $"cell Stderr: then{new string('x', 50_000)}last"], Left());
    }

    [Fact]
    public void Text_that_was_written_anew_but_not_cleared_away_comes_once()
    {
        unsent.Wait(Cell, StreamName.Stdout, "before");
        var held = Beginning();
        Publish("before", Cell, "stream.stdout");
        Put(held);
        Assert.Equal(["before"], Left());
        Leave(1);
        unsent.Wait(Cell, StreamName.Stdout, "after");
        held = Beginning();
        unsent.Wait(Other, StreamName.Stdout, "other");
        Put(held);
        Assert.Equal(["cell Stdout: after"], Left());
    }

    private byte[] Beginning()
    {
        using var file = new FileStream(path, FileMode.Open, FileAccess.Read, FileShare.ReadWrite);
        var bytes = new byte[HeldText.End - HeldText.Begin];
        file.Position = HeldText.Begin;
        file.ReadExactly(bytes);
        return bytes;
    }

    private void Put(byte[] beginning)
    {
        using var file = new FileStream(path, FileMode.Open, FileAccess.Write, FileShare.ReadWrite);
        file.Position = HeldText.Begin;
        file.Write(beginning);
    }

    [Fact]
    public void The_file_stays_small_also_where_the_sockets_fall_behind()
    {
        var large = new string('x', 10 << 20);
        for (var i = 0; i < 20; i++)
            Publish(large);
        Assert.InRange(new FileInfo(path).Length, 1, 64 << 20);
        Assert.InRange(Left().Count, 1, 6);
        Leave(20);
        Publish(new string('x', 70 << 20));
        Assert.Equal([], Left());
        Leave(1);
        Publish("after it");
        Assert.Equal(["after it"], Left());
    }

    [Fact]
    public void A_record_that_was_cut_by_the_end_of_the_process_is_left_out()
    {
        Publish("whole");
        var length = new FileInfo(path).Length;
        Publish("cut");
        using (var file = new FileStream(path, FileMode.Open, FileAccess.Write, FileShare.ReadWrite))
            file.SetLength(length + 30);
        Assert.Equal(["whole"], Left());
    }

    private void Publish(string body, byte[]? parent = null, string topic = "kernel.display_data") =>
        unsent.Send([Encoding.UTF8.GetBytes(topic), "<IDS|MSG>"u8.ToArray(), [], [], parent ?? Cell, [], Encoding.UTF8.GetBytes(body)], () => { });

    private void Leave(int messages)
    {
        for (var i = 0; i < messages && sockets.TryDequeue(out var sent); i++)
            sent();
    }

    private List<string> Left()
    {
        using var file = new FileStream(path, FileMode.Open, FileAccess.Read, FileShare.ReadWrite);
        var left = LastOutput.Read(file);
        return
        [
            .. left.Messages.Select(frames => Encoding.UTF8.GetString(frames[6])),
            .. left.Texts.Select(text => $"{Encoding.UTF8.GetString(text.ParentHeader)} {text.Stream}: {text.Text}"),
        ];
    }
}
