using XtNotebooks.Extensibility;
using XtNotebooks.Kernel.Notebooks;
using XtNotebooks.Kernel.Scripting;

namespace XtNotebooks.Kernel.Tests.Notebooks;

public class CellOutputsTests
{
    private readonly CellOutputs outputs = new(new DisplayIds());

    [Fact]
    public void Text_of_one_stream_is_one_output_until_something_else_comes_between()
    {
        outputs.Stream(StreamName.Stdout, "a");
        outputs.Stream(StreamName.Stdout, "b\nc");
        outputs.Stream(StreamName.Stderr, "oh");
        outputs.Stream(StreamName.Stdout, "");
        outputs.Stream(StreamName.Stdout, "d");
        var json = outputs.ToJson();
        Assert.Equal(["stdout", "stderr", "stdout"], json.Select(output => (string?)output!["name"]));
        Assert.Equal(["ab\n", "c"], json[0]!["text"]!.AsArray().Select(line => (string?)line));
    }

    [Fact]
    public void An_update_replaces_every_output_of_its_id_also_in_an_earlier_cell()
    {
        var displays = new DisplayIds();
        var first = new CellOutputs(displays);
        var second = new CellOutputs(displays);
        first.Display(MimeBundle.Text("old"), "progress");
        second.Display(MimeBundle.Text("old"), "progress");
        second.Display(MimeBundle.Text("mine"), "other");
        second.UpdateDisplay(MimeBundle.Text("new"), "progress");
        second.UpdateDisplay(MimeBundle.Text("nowhere"), "unknown");
        Assert.Equal(["new"], Texts(first));
        Assert.Equal(["new", "mine"], Texts(second));
    }

    [Fact]
    public void Clear_removes_at_once_and_with_wait_only_when_something_new_comes()
    {
        outputs.Stream(StreamName.Stdout, "a");
        outputs.Clear(wait: false);
        Assert.Empty(outputs.ToJson());
        outputs.Stream(StreamName.Stdout, "b");
        outputs.Clear(wait: true);
        Assert.Single(outputs.ToJson());
        outputs.Display(MimeBundle.Text("c"), null);
        Assert.Equal(["c"], Texts(outputs));
    }

    [Fact]
    public void What_was_cleared_is_neither_updated_nor_kept()
    {
        var displays = new DisplayIds();
        var cell = new CellOutputs(displays);
        var (kept, shown) = Show(cell);
        cell.Display(MimeBundle.Text("again"), "id");
        cell.UpdateDisplay(MimeBundle.Text("new"), "id");
        Assert.Equal(["new"], Texts(cell));
        GC.Collect();
        Assert.False(kept.IsAlive, "A loop that shows and clears would fill the memory.");
        Assert.Equal(2_000, shown);

        [System.Runtime.CompilerServices.MethodImpl(System.Runtime.CompilerServices.MethodImplOptions.NoInlining)]
        static (WeakReference, int) Show(CellOutputs cell)
        {
            var bundle = MimeBundle.Text(new string('x', 2_000));
            cell.Display(bundle, "id");
            cell.Clear(wait: false);
            return (new WeakReference(bundle), bundle.Data["text/plain"].Length);
        }
    }

    [Fact]
    public void Json_types_hold_json_text_is_cut_into_lines_and_base64_is_one_string()
    {
        outputs.Result(new MimeBundle(new Dictionary<string, string>
        {
            ["text/plain"] = "1\n2",
            ["application/vnd.plotly.v1+json"] = """{"data":[1.5]}""",
            ["application/json"] = "not json",
            ["image/png"] = "iVBO\nRw0K",
        }), 7);
        var output = outputs.ToJson()[0]!;
        var data = output["data"]!;
        Assert.Equal(1.5, (double?)data["application/vnd.plotly.v1+json"]!["data"]![0]);
        Assert.Equal("not json", (string?)data["application/json"]);
        Assert.Equal("iVBO\nRw0K", (string?)data["image/png"]);
        Assert.Equal(["1\n", "2"], data["text/plain"]!.AsArray().Select(line => (string?)line));
        Assert.Equal(("execute_result", 7), ((string?)output["output_type"], (int?)output["execution_count"]));
    }

    [Fact]
    public void Outputs_from_many_threads_are_all_kept()
    {
        Parallel.For(0, 1000, i => outputs.Stream(i % 2 == 0 ? StreamName.Stdout : StreamName.Stderr, "x"));
        Assert.Equal(1000, outputs.ToJson().Sum(output => MultilineText.Join(output!["text"]).Length));
    }

    private static IEnumerable<string> Texts(CellOutputs outputs) => outputs.ToJson().Select(output => MultilineText.Join(output!["data"]!["text/plain"]));
}
