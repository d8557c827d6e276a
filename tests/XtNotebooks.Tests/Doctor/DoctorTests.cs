using TorchSharp;
using XtNotebooks.Diagnostics;
using XtNotebooks.Transformers;
using static TorchSharp.torch;
using static XtNotebooks.Tests.Diagnostics.Texts;

namespace XtNotebooks.Tests.Diagnostics;

[Collection(DefaultGenerator.Name)]
public sealed class DoctorTests
{
    private static DoctorOptions Usual { get; } = new() { PadId = Pad, EosId = Eos, Loss = Shifted(Pad) };

    [Fact]
    public void What_an_examination_lacks_is_said_and_never_passed()
    {
        using var scope = NewDisposeScope();
        using var net = new TinyModel();
        var report = Doctor.Examine((Tensor ids) => net.call(ids), Right(), new());

        Assert.False(report.IsSick);
        var open = report.Outcomes.Where(o => o.Status == CheckStatus.NotChecked).ToDictionary(o => o.Check.Name, o => o.Note);
        foreach (var name in new[] { "pads-as-targets", "ignored-class", "denominator", "shift", "causality", "mask-off-by-one", "sentinel", "no-gradient" })
            Assert.Contains("give --loss", open[name], StringComparison.Ordinal);
        Assert.Contains("give --metric", open["metric-mask"], StringComparison.Ordinal);
        Assert.Contains("give --pad", open["attention-to-pads"], StringComparison.Ordinal);
        Assert.Contains("give the module", open["evaluation-mode"], StringComparison.Ordinal);
        Assert.Contains("--untrained", open["initial-loss"], StringComparison.Ordinal);

        var more = Doctor.Examine(net, Right(), Usual).Outcomes.Single(o => o.Check.Name == "denominator");
        Assert.Equal(CheckStatus.NotChecked, more.Status);
        Assert.Equal("one batch: a mean over 39 trained tokens; over accumulated batches: give --step", more.Note);
    }

    [Fact]
    public void A_metric_counts_as_many_pads_as_the_batch_has()
    {
        using var scope = NewDisposeScope();
        using var net = new TinyModel();
        var report = Doctor.Examine(net, Right(), Usual with { Metric = (l, y) => Accuracy(Head(l), Tail(y), ones_like(Tail(y), dtype: @bool)) });
        var pads = Right().eq(Pad).sum().item<long>();
        Assert.Contains($"The metric counts {pads} pads", Assert.Single(report.Findings, f => f.Check == "metric-mask").Summary, StringComparison.Ordinal);
    }

    [Fact]
    public void The_numbers_of_a_finding_are_those_of_the_batch()
    {
        using var scope = NewDisposeScope();
        using var net = new TinyModel();
        var ids = Right();
        var finding = Doctor.Examine(net, ids, Usual with { Loss = Shifted() }).Findings[0];

        net.eval();
        var losses = NextTokens(net.call(ids), ids, -100).Losses;
        var pads = Tail(ids).eq(Pad);
        var (sum, padSum) = (losses.sum().ToDouble(), (losses * pads).sum().ToDouble());
        Assert.Equal("pads-as-targets", finding.Check);
        Assert.Contains($"{pads.sum().item<long>()} of {pads.numel()} targets are pads", finding.Summary, StringComparison.Ordinal);
        Assert.Equal(padSum / sum, finding.LossShare!.Value, 1e-5);
        Assert.InRange(finding.GradientShare!.Value, 0.05, 0.95);
    }

    [Fact]
    public void The_same_batch_and_seed_give_the_same_report_and_another_batch_another_hash()
    {
        using var scope = NewDisposeScope();
        using var net = new TinyModel(new() { Dropout = 0.5, DropoutAlways = true });
        var (first, second) = (Doctor.Examine(net, Right(), Usual), Doctor.Examine(net, Right(), Usual));
        Assert.Equal(first.ToText(), second.ToText());
        Assert.Equal(first.ToHtml(), second.ToHtml());
        Assert.Equal(first.ToJson(), second.ToJson());
        Assert.NotEqual(first.Batch.Hash, Doctor.Examine(net, Right(eos: null), Usual).Batch.Hash);
    }

    [Fact]
    public void An_examination_costs_less_than_20_forward_and_6_backward_passes()
    {
        using var scope = NewDisposeScope();
        using var net = new TinyModel(new() { ZeroGate = true, UsesDocuments = true, UsesMask = true });
        using var optimizer = optim.AdamW(net.parameters(), 1e-3);
        var tokens = 0.0;
        Tensor Counting(DoctorBatch b)
        {
            tokens += b.Inputs.numel();
            return net.Run(b);
        }
        var ids = Right();
        var report = Doctor.Examine(Counting, new() { Inputs = ids, Mask = Mask(), Documents = ones_like(ids), Source = Right(), SourceMask = Mask() }, Usual with
        {
            Module = net,
            Loss = Shifted(),
            Metric = (l, y) => Accuracy(Head(l), Tail(y), Tail(y).ne(Pad)),
            Optimizer = optimizer,
            Step = batches =>
            {
                optimizer.zero_grad();
                foreach (var b in batches)
                    Shifted()(Counting(b), b.Inputs).backward();
                optimizer.step();
            },
            Untrained = true,
        });
        Assert.Equal(tokens / ids.numel(), report.Forwards, 1e-9);
        Assert.InRange(report.Forwards, 5, 20);
        Assert.InRange(report.Backwards, 3, 6);
    }

    [Fact]
    public void Gradients_are_read_also_where_the_caller_has_switched_them_off()
    {
        using var scope = NewDisposeScope();
        using var net = new TinyModel();
        using var mode = no_grad();
        Assert.Equal("pads-as-targets", Doctor.Examine(net, Right(), Usual with { Loss = Shifted() }).Findings[0].Check);
        Assert.False(is_grad_enabled());
    }

    [Fact]
    public void The_wrapper_brings_its_own_loss_and_the_fix_is_in_its_words()
    {
        using var scope = NewDisposeScope();
        var net = new TransformerWrapper(new()
        {
            NumTokens = Vocabulary,
            MaxSeqLen = Width,
            AttnLayers = new Decoder(new() { Dim = 16, Depth = 1, Heads = 2 }),
        });
        using var wrapper = new AutoregressiveWrapper(net);
        var sick = Doctor.Examine(wrapper, Right(), new() { PadId = Pad, EosId = Eos });
        Assert.Equal(["pads-as-targets"], sick.Findings.Where(f => f.Severity > Severity.Advice && f.FollowsFrom is null).Select(f => f.Check));
        Assert.Contains("ignoreIndex: 0", sick.Findings[0].Fix, StringComparison.Ordinal);
        wrapper.eval();
        Assert.Equal(wrapper.call(Right()).ToDouble(), sick.Loss!.Value, 1e-6);

        using var cured = new AutoregressiveWrapper(net, ignoreIndex: Pad, padValue: Pad);
        var report = Doctor.Examine(cured, new DoctorBatch { Inputs = Right(), Mask = Mask() }, new() { PadId = Pad, EosId = Eos });
        Assert.False(report.IsSick, report.ToText());
        Assert.Throws<DoctorException>(() => Doctor.Examine(cured, Right(), Usual));
    }

    [Fact]
    public void The_wrappers_positions_may_end_one_token_before_the_batch()
    {
        using var scope = NewDisposeScope();
        var net = new TransformerWrapper(new()
        {
            NumTokens = Vocabulary,
            MaxSeqLen = Width - 1,
            AttnLayers = new Decoder(new() { Dim = 16, Depth = 1, Heads = 2 }),
        });
        using var wrapper = new AutoregressiveWrapper(net, ignoreIndex: Pad);
        var report = Doctor.Examine(wrapper, Right(), new() { PadId = Pad, EosId = Eos });
        Assert.False(report.IsSick, report.ToText());
        Assert.Equal(CheckStatus.Passed, report.Outcomes.Single(o => o.Check.Name == "shift").Status);
    }

    [Fact]
    public void An_encoder_and_decoder_of_the_port_are_examined_by_a_delegate()
    {
        using var scope = NewDisposeScope();
        using var net = new TransformerWrapper(new()
        {
            NumTokens = Vocabulary,
            MaxSeqLen = Width,
            AttnLayers = new Encoder(new() { Dim = 16, Depth = 1, Heads = 2 }),
        });
        var hidden = SickModels.MaskedWords();
        var blind = Doctor.Examine(net, hidden with { Mask = null }, Usual with { Loss = Aligned() });
        Assert.Contains(blind.Findings, f => f.Check == "attention-to-pads");
        var seeing = Doctor.Examine(net, hidden, Usual with { Loss = Aligned() });
        Assert.False(seeing.IsSick, seeing.ToText());
    }

    public static TheoryData<string, string> Refusals => new()
    {
        { "no rows", "The batch is empty" },
        { "one dimension", "The inputs must be int64 of shape [batch, seq]" },
        { "labels too narrow", "The labels have the shape [6, 11]" },
        { "mask of numbers", "The mask must be bool" },
        { "source mask alone", "There is a source mask but no source" },
        { "logits of two dimensions", "The model gives a tensor of shape [6, 12]" },
        { "logits of other positions", "The logits have the shape [6, 11, 13]" },
        { "a loss for each token", "The loss gives 66 numbers" },
        { "a loss that calls its own model", "The loss never calls the model it is given" },
        { "a model that fails", "The model cannot run on this batch, nor on one of zeros" },
    };

    [Theory]
    [MemberData(nameof(Refusals))]
    public void Bad_input_gets_one_sentence(string what, string sentence)
    {
        using var scope = NewDisposeScope();
        using var net = new TinyModel();
        var ids = Right();
        Func<DoctorBatch, Tensor> model = what switch
        {
            "logits of two dimensions" => b => net.Run(b).sum(-1),
            "logits of other positions" => b => Head(net.Run(b)),
            "a model that fails" => _ => throw new InvalidOperationException("No such device."),
            _ => net.Run,
        };
        var batch = what switch
        {
            "no rows" => DoctorBatch.FromIds(zeros(0, 12, dtype: int64)),
            "one dimension" => DoctorBatch.FromIds(ids.flatten()),
            "labels too narrow" => new() { Inputs = ids, Labels = Tail(ids) },
            "mask of numbers" => new() { Inputs = ids, Mask = Mask().to(float32) },
            "source mask alone" => new() { Inputs = ids, SourceMask = Mask() },
            _ => DoctorBatch.FromIds(ids),
        };
        var options = what switch
        {
            "a loss for each token" => Usual with { Loss = (l, y) => NextTokens(l, y, Pad).Losses },
            "a loss that calls its own model" => Usual with { BatchLoss = (_, b) => Shifted(Pad)(net.Run(b), b.Inputs) },
            _ => Usual,
        };
        var error = Assert.Throws<DoctorException>(() => Doctor.Examine(model, batch, options with { Module = net }));
        Assert.StartsWith(sentence, error.Message, StringComparison.Ordinal);
        Assert.DoesNotContain('\n', error.Message);
    }

    [Fact]
    public void Labels_that_a_loss_fails_on_leave_the_other_checks_unmade_not_passed()
    {
        using var scope = NewDisposeScope();
        using var net = new TinyModel();
        var report = Doctor.Examine(net, new DoctorBatch { Inputs = Right(), Labels = Labels(Right(), Mask(), -1), Mask = Mask() }, Usual with { Loss = Shifted() });
        Assert.Equal(["sentinel"], report.Outcomes.Where(o => o.Status == CheckStatus.Found).Select(o => o.Check.Name));
        Assert.DoesNotContain(report.Outcomes, o => o.Status == CheckStatus.Passed);
    }
}
