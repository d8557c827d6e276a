using TorchSharp;
using XtNotebooks.Data;
using XtNotebooks.Diagnostics;
using XtNotebooks.Extensibility;
using static TorchSharp.torch;
using static XtNotebooks.Tests.Diagnostics.Texts;

namespace XtNotebooks.Tests.Diagnostics;

[Collection(DefaultGenerator.Name)]
public sealed class DoctorMagicTests
{
    private static async Task<RecordingNotebook> Call(params (string Option, object? Value)[] given)
    {
        var notebook = new RecordingNotebook();
        var values = DoctorMagic.Command.Options.Where(o => o.Default is not null).ToDictionary(o => o.Name, o => o.Default);
        foreach (var (option, value) in given)
        {
            Assert.Contains(DoctorMagic.Command.Options, o => o.Name == option);
            values[option] = value;
        }
        await DoctorMagic.Command.Run(new(notebook, values, ""), TestContext.Current.CancellationToken);
        return notebook;
    }

    [Fact]
    public async Task Shows_the_report_and_leaves_it_in_a_variable()
    {
        using var net = new TinyModel();
        using var ids = Right();
        var loss = (Tensor logits, Tensor targets) => Shifted()(logits, targets);
        var notebook = await Call(("--model", net), ("--batch", ids), ("--loss", loss), ("--pad", Pad), ("--eos", Eos), ("--as", "seen"));
        var report = Assert.IsType<DoctorReport>(Assert.Single(notebook.Shown));
        Assert.Same(report, notebook.Declared["seen"].Value);
        Assert.True(report.IsSick);
    }

    [Fact]
    public async Task Takes_functions_of_every_form()
    {
        using var net = new TinyModel();
        using var optimizer = optim.SGD(net.parameters(), 0.1);
        using var ids = Right();
        var model = (DoctorBatch b) => net.Run(b);
        var loss = (Func<DoctorBatch, Tensor> call, DoctorBatch b) => Shifted(Pad)(call(b), b.Inputs);
        var metric = (Tensor logits, Tensor targets) => (float)Accuracy(Head(logits), Tail(targets), Tail(targets).ne(Pad));
        var step = (IReadOnlyList<DoctorBatch> batches) =>
        {
            optimizer.zero_grad();
            foreach (var b in batches)
                CrossEntropy(Head(net.Run(b)), Tail(b.Inputs), Pad, nn.Reduction.Sum).backward();
            optimizer.step();
        };
        var notebook = await Call(("--model", model), ("--batch", DoctorBatch.FromIds(ids)), ("--loss", loss), ("--metric", metric), ("--step", step),
            ("--optimizer", optimizer), ("--module", net), ("--pad", Pad), ("--eos", Eos), ("--untrained", true));
        var report = Assert.IsType<DoctorReport>(notebook.Declared["diagnosis"].Value);
        Assert.False(report.IsSick, report.ToText());
        Assert.Equal(["packing"], report.Outcomes.Where(o => o.Status == CheckStatus.NotChecked).Select(o => o.Check.Name));
    }

    [Fact]
    public async Task A_padded_batch_brings_its_pad_id_and_mask()
    {
        using var net = new TinyModel();
        using var batch = PaddedBatch.From([[2, 3, 4, 5, 1], [6, 7, 1], [8, 9, 10, 1]], Pad);
        Func<Tensor, Tensor, Tensor> loss = Shifted();
        var notebook = await Call(("--model", net), ("--batch", batch), ("--loss", loss));
        var report = Assert.IsType<DoctorReport>(notebook.Declared["diagnosis"].Value);
        Assert.Equal(3, report.Batch.Pads);
        Assert.Equal("pads-as-targets", report.Findings[0].Check);
    }

    [Fact]
    public async Task Fails_the_cell_at_the_severity_asked_for()
    {
        using var net = new TinyModel();
        using var ids = Right();
        Func<Tensor, Tensor, Tensor> loss = Shifted();
        var error = await Assert.ThrowsAsync<MagicException>(() => Call(("--model", net), ("--batch", ids), ("--loss", loss), ("--pad", Pad), ("--fail-on", Severity.Error)));
        Assert.StartsWith("Sick:", error.Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("--model", "--model names 'net', which no cell has declared; give a variable.")]
    [InlineData("--batch", "--batch expects a tensor of ids, a PaddedBatch or a DoctorBatch, but the variable is a Int32.")]
    [InlineData("--loss", "--loss expects `(Tensor logits, Tensor targets) => …`, a loss module, or")]
    [InlineData("--metric", "--metric expects `(Tensor logits, Tensor targets) => …` to a number, but the variable is a Int32.")]
    [InlineData("--step", "--step expects `(IReadOnlyList<DoctorBatch> batches) => { … }`, but the variable is a Int32.")]
    public async Task A_wrong_variable_gets_one_sentence(string option, string sentence)
    {
        using var net = new TinyModel();
        using var ids = Right();
        var given = new Dictionary<string, object?> { ["--model"] = net, ["--batch"] = ids };
        given[option] = option == "--model" ? "net" : 3;
        var error = await Assert.ThrowsAsync<MagicException>(() => Call([.. given.Select(g => (g.Key, g.Value))]));
        Assert.StartsWith(sentence, error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_batch_that_cannot_be_examined_gets_one_sentence()
    {
        using var net = new TinyModel();
        using var ids = Right().flatten();
        var error = await Assert.ThrowsAsync<MagicException>(() => Call(("--model", net), ("--batch", ids)));
        Assert.StartsWith("The inputs must be int64 of shape [batch, seq]", error.Message, StringComparison.Ordinal);
    }
}
