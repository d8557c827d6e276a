using System.Security.Cryptography;
using XtNotebooks.Extensibility;
using XtNotebooks.Kernel.Jupyter.Output;
using XtNotebooks.Kernel.Jupyter.Wire;
using XtNotebooks.Kernel.Scripting;

namespace XtNotebooks.Kernel.Tests.Jupyter;

public sealed class CellOutputTests : IDisposable
{
    private readonly ManualTime time = new();
    private readonly List<string> sent = [];
    private readonly string folder = Directory.CreateTempSubdirectory().FullName;

    public void Dispose() => Directory.Delete(folder, recursive: true);

    [Fact]
    public void Text_is_sent_together_once_the_batch_time_is_over()
    {
        using var output = Create();
        output.Stream(StreamName.Stdout, "a");
        output.Stream(StreamName.Stdout, "b");
        Assert.Empty(sent);
        time.Advance(CellOutput.BatchTime);
        Assert.Equal(["stdout:ab"], sent);
        output.Stream(StreamName.Stdout, "c");
        time.Advance(CellOutput.BatchTime);
        Assert.Equal(["stdout:ab", "stdout:c"], sent);
    }

    [Fact]
    public void The_order_of_streams_and_displays_is_kept()
    {
        using var output = Create();
        output.Stream(StreamName.Stdout, "1");
        output.Stream(StreamName.Stderr, "2");
        output.Display(MimeBundle.Text("3"), "id");
        output.Stream(StreamName.Stdout, "4");
        output.UpdateDisplay(MimeBundle.Text("5"), "id");
        output.Stream(StreamName.Stdout, "6");
        output.Clear(wait: true);
        output.Stream(StreamName.Stdout, "7");
        output.Flush();
        Assert.Equal(["stdout:1", "stderr:2", "display_data:3", "stdout:4", "update_display_data:5", "stdout:6", "clear_output", "stdout:7"], sent);
    }

    [Fact]
    public void A_character_that_two_writes_split_stays_whole()
    {
        using var output = Create();
        output.Stream(StreamName.Stdout, "a\ud835");
        time.Advance(CellOutput.BatchTime);
        output.Stream(StreamName.Stdout, "\udc1a");
        time.Advance(CellOutput.BatchTime);
        Assert.Equal(["stdout:a", "stdout:𝐚"], sent);
    }

    [Fact]
    public void Text_from_many_threads_all_arrives_and_each_thread_keeps_its_order()
    {
        using var output = Create();
        Parallel.For(0, 8, thread =>
        {
            for (var i = 0; i < 500; i++)
                output.Stream(i % 7 == 0 ? StreamName.Stderr : StreamName.Stdout, $"{thread},{i};");
        });
        output.Flush();
        var words = string.Concat(sent.Select(message => message["stdxxx:".Length..])).Split(';', StringSplitOptions.RemoveEmptyEntries)
            .Select(word => word.Split(',').Select(int.Parse).ToArray()).ToArray();
        Assert.Equal(4000, words.Length);
        foreach (var thread in words.GroupBy(word => word[0]))
            Assert.Equal(Enumerable.Range(0, 500), thread.Select(word => word[1]));
    }

    [Fact]
    public void Too_many_displays_are_cut_with_one_note_and_kept_whole_in_a_page()
    {
        using var output = Create(limit: 1000, displays: 2);
        for (var i = 0; i < 5; i++)
            output.Display(MimeBundle.Text($"<{i}>"), $"id{i}");
        output.UpdateDisplay(MimeBundle.Text("new"), "id1");
        output.UpdateDisplay(MimeBundle.Text("not to be seen"), "id4");
        output.Stream(StreamName.Stdout, "text goes on");
        output.Flush();
        var page = Assert.Single(Directory.GetFiles(folder));
        Assert.Equal(
            ["display_data:<0>", "display_data:<1>", $"stderr:\n[Output cut after 2 displays. The rest is in {page} while this kernel runs, without later updates.]\n", "update_display_data:new", "stdout:text goes on"],
            sent);
        Assert.Equal(["<pre>&lt;2&gt;</pre>", "<pre>&lt;3&gt;</pre>", "<pre>&lt;4&gt;</pre>"], ReadShared(page).TrimStart('\uFEFF').Split('\n', StringSplitOptions.RemoveEmptyEntries));
        output.Clear(wait: false);
        output.Display(MimeBundle.Text("again"), null);
        Assert.Equal("display_data:again", sent[^1]);
    }

    [Fact]
    public void Displays_that_are_too_much_together_are_cut_but_never_the_first()
    {
        using var output = Create(limit: 1000, displayCharacters: 10);
        output.Display(MimeBundle.Text("0123456789abcdef"), null);
        output.Display(MimeBundle.Text("x"), null);
        Assert.Equal("display_data:0123456789abcdef", sent[0]);
        Assert.StartsWith("stderr:\n[Output cut after 1 displays.", sent[1], StringComparison.Ordinal);
    }

    [Fact]
    public void Too_much_text_is_cut_with_a_note_and_kept_whole_in_a_file()
    {
        using var output = Create(limit: 10);
        output.Stream(StreamName.Stdout, "0123456");
        output.Stream(StreamName.Stdout, "789abc");
        output.Stream(StreamName.Stdout, "def");
        output.Flush();
        var message = Assert.Single(sent);
        Assert.StartsWith("stdout:0123456789\n[Output cut", message, StringComparison.Ordinal);
        var file = Assert.Single(Directory.GetFiles(folder));
        Assert.Contains(file, message);
        Assert.Equal("abcdef", ReadShared(file));
    }

    [Fact]
    public void Clearing_counts_anew()
    {
        using var output = Create(limit: 10);
        output.Stream(StreamName.Stdout, "0123456789abc");
        output.Clear(wait: false);
        output.Stream(StreamName.Stdout, "fresh");
        output.Flush();
        Assert.Equal("stdout:fresh", sent[^1]);
    }

    [Fact]
    public void What_is_cleared_only_by_the_next_output_keeps_its_file_until_then()
    {
        using var output = Create(limit: 10);
        output.Stream(StreamName.Stdout, "0123456789abc");
        output.Clear(wait: true);
        Assert.Single(Directory.GetFiles(folder));
        output.UpdateDisplay(MimeBundle.Text("new"), "elsewhere");
        Assert.Single(Directory.GetFiles(folder));
        output.Stream(StreamName.Stdout, "fresh");
        Assert.Empty(Directory.GetFiles(folder));
    }

    [Fact]
    public void A_loop_that_never_stops_writing_does_not_fill_the_disk()
    {
        using var output = Create(limit: 10, keep: 100);
        for (var i = 0; i < 1000; i++)
            output.Stream(StreamName.Stdout, "0123456789");
        Assert.True(new FileInfo(Assert.Single(Directory.GetFiles(folder))).Length < 200);
    }

    [Fact]
    public void A_huge_representation_goes_to_a_file_and_the_others_are_shown()
    {
        using var output = Create(limit: 10);
        output.Display(MimeBundle.Html(new string('x', 50), "short"), null);
        var message = Assert.Single(sent);
        Assert.Contains("text/html of", message);
        Assert.EndsWith("short", message, StringComparison.Ordinal);
        Assert.Equal(50, new FileInfo(Assert.Single(Directory.GetFiles(folder, "*.html"))).Length);
    }

    [Fact]
    public void A_display_that_was_cut_is_updated_again_once_the_outputs_are_cleared_and_it_is_shown()
    {
        using var output = Create(displays: 1);
        output.Display(MimeBundle.Text("a"), "a");
        output.Display(MimeBundle.Text("b"), "b");
        output.Clear(wait: false);
        output.Display(MimeBundle.Text("b again"), "b");
        output.UpdateDisplay(MimeBundle.Text("b anew"), "b");
        Assert.Equal(["display_data:b again", "update_display_data:b anew"], sent[^2..]);
    }

    [Fact]
    public void A_display_that_is_shown_is_updated_also_where_it_was_displayed_once_more_after_the_cut()
    {
        using var output = Create(displays: 2);
        output.Display(MimeBundle.Text("a"), "a");
        output.Display(MimeBundle.Text("b"), "b");
        output.Display(MimeBundle.Text("c"), "c");
        output.Display(MimeBundle.Text("a again"), "a");
        output.UpdateDisplay(MimeBundle.Text("a anew"), "a");
        output.UpdateDisplay(MimeBundle.Text("c anew"), "c");
        Assert.Equal("update_display_data:a anew", sent[^1]);
        Assert.Contains("without later updates", sent[^2], StringComparison.Ordinal);
        Assert.Contains("a again", ReadShared(Assert.Single(Directory.GetFiles(folder))), StringComparison.Ordinal);
    }

    [Fact]
    public void A_huge_display_that_is_not_shown_is_in_the_page_only()
    {
        using var output = Create(limit: 10, displays: 1);
        output.Display(MimeBundle.Text("a"), null);
        output.Display(MimeBundle.Html(new string('x', 50), "short"), null);
        var page = Assert.Single(Directory.GetFiles(folder));
        Assert.Contains(new string('x', 50), ReadShared(page), StringComparison.Ordinal);
    }

    [Fact]
    public void Updates_without_end_do_not_fill_the_disk_and_clearing_counts_anew()
    {
        using var output = Create(limit: 10, keep: 100);
        output.Display(MimeBundle.Text("a"), "a");
        for (var i = 0; i < 10; i++)
            output.UpdateDisplay(MimeBundle.Html(new string('x', 30), "short"), "a");
        Assert.Equal(3, Directory.GetFiles(folder).Length);
        Assert.Contains("It was not kept", sent[^1], StringComparison.Ordinal);
        output.Clear(wait: false);
        Assert.Empty(Directory.GetFiles(folder));
        output.Display(MimeBundle.Html(new string('x', 30), "short"), "a");
        Assert.Single(Directory.GetFiles(folder));
    }

    [Fact]
    public void A_huge_representation_that_cannot_be_kept_is_said_to_be_lost()
    {
        using var output = Create(limit: 10, place: Path.Combine(folder, "missing"));
        output.Display(MimeBundle.Html(new string('x', 50), "short"), null);
        Assert.Contains("It is lost: ", Assert.Single(sent), StringComparison.Ordinal);
    }

    [Fact]
    public void A_huge_error_is_cut_and_kept_whole_in_a_file()
    {
        var huge = new string('x', 30_000);
        var kept = new KeptOutput(new OutputLimit(1000, 100_000, () => folder), 1);
        var error = kept.Admit(new CellError("E", huge, ["E: " + huge, "   at the cell"], 1));
        Assert.InRange(error.Message.Length, 20_000, 20_100);
        Assert.EndsWith("… (30,000 characters)", error.Message, StringComparison.Ordinal);
        Assert.All(error.Traceback, line => Assert.InRange(line.Length, 1, 20_100));
        Assert.Equal("   at the cell", error.Traceback[1]);
        var file = Assert.Single(Directory.GetFiles(folder));
        Assert.Equal($"[Error cut. It is in {file} while this kernel runs.]", error.Traceback[2]);
        Assert.Equal("E: " + huge + "\n   at the cell", File.ReadAllText(file));
        var small = new CellError("E", "small", ["E: small"], 1);
        Assert.Same(small, kept.Admit(small));
    }

    [Fact]
    public void A_silent_cell_publishes_nothing()
    {
        using var output = Create(silent: true);
        output.Stream(StreamName.Stdout, "a");
        output.Display(MimeBundle.Text("b"), null);
        output.Clear(false);
        output.Flush();
        Assert.Empty(sent);
    }

    [Fact]
    public void JSON_is_sent_as_JSON_and_broken_JSON_as_text()
    {
        using var output = Create();
        output.Display(new MimeBundle(new Dictionary<string, string> { ["text/plain"] = "t", ["application/json"] = """{"a": [1]}""" }), null);
        output.Display(new MimeBundle(new Dictionary<string, string> { ["text/plain"] = "t", ["application/x+json"] = "{broken" }), null);
        Assert.Equal(2, sent.Count);
        Assert.Equal(System.Text.Json.JsonValueKind.Object, data[0].GetProperty("application/json").ValueKind);
        Assert.Equal("{broken", data[1].GetProperty("application/x+json").GetString());
    }

    private readonly List<System.Text.Json.JsonElement> data = [];

    private CellOutput Create(
        long limit = 1000_000, long keep = 1000_000, bool silent = false, int displays = 1000, long displayCharacters = 1000_000,
        string? place = null)
    {
        var signer = new MessageSigner([], HashAlgorithmName.SHA256);
        var reader = new MessageReader(signer);
        var frontEnd = new FrontEnd(new MessageWriter(signer, time), (channel, frames, _) =>
        {
            Assert.Equal(ChannelName.IOPub, channel);
            var message = reader.Read(channel, frames, out var refusal) ?? throw new InvalidOperationException(refusal);
            Assert.Equal("request", message.ParentId);
            var content = message.Content!.Value;
            if (content.TryGetProperty("data", out var bundle))
                data.Add(bundle);
            sent.Add(message.Header.Type switch
            {
                "stream" => $"{content.TextOrNull("name")}:{content.TextOrNull("text")}",
                "display_data" or "update_display_data" => $"{message.Header.Type}:{content.GetProperty("data").TextOrNull("text/plain")}",
                var type => type,
            });
        });
        var request = new IncomingMessage(
            ChannelName.Shell, [], new MessageHeader("request", "s", "execute_request", null), """{"msg_id":"request"}"""u8.ToArray(), null, null, []);
        return new CellOutput(frontEnd, request, null, new KeptOutput(new OutputLimit(limit, keep, () => place ?? folder, displays, displayCharacters), 1), time, silent);
    }

    private static string ReadShared(string path)
    {
        using var reader = new StreamReader(new FileStream(path, FileMode.Open, FileAccess.Read, FileShare.ReadWrite));
        return reader.ReadToEnd();
    }
}
