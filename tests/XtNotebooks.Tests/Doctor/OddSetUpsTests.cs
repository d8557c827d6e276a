using TorchSharp;
using TorchSharp.Modules;
using XtNotebooks.Diagnostics;
using static TorchSharp.torch;
using static XtNotebooks.Tests.Diagnostics.Texts;

namespace XtNotebooks.Tests.Diagnostics;

/// <summary>Set-ups that are sound in ways that a tool may not have thought of.</summary>
[Collection(DefaultGenerator.Name)]
public sealed class OddSetUpsTests
{
    private static DoctorOptions Usual { get; } = new() { PadId = Pad, EosId = Eos, Loss = Shifted(Pad) };

    private static DoctorReport Accumulate(Func<IEnumerable<Parameter>, optim.Optimizer> make, bool right, double dropout = 0, double clip = 0)
    {
        var net = new TinyModel(new() { Dropout = dropout });
        var optimizer = make(net.parameters());
        return Doctor.Examine(net, Right(), Usual with
        {
            Optimizer = optimizer,
            Step = batches =>
            {
                net.train();
                var targets = batches.Sum(b => Tail(b.Inputs).ne(Pad).sum().ToDouble());
                foreach (var b in batches)
                {
                    if (right)
                        (CrossEntropy(Head(net.Run(b)), Tail(b.Inputs), Pad, nn.Reduction.Sum) / targets).backward();
                    else
                        (Shifted(Pad)(net.Run(b), b.Inputs) / batches.Count).backward();
                }
                if (clip > 0)
                    nn.utils.clip_grad_norm_(net.parameters(), clip);
                optimizer.step();
                optimizer.zero_grad();
            },
        });
    }

    public static TheoryData<string> Optimizers => ["SGD", "SGD with momentum", "SGD with decay", "Adam", "AdamW", "AdamW with decay", "RMSProp"];

    private static optim.Optimizer Make(string name, IEnumerable<Parameter> parameters) => name switch
    {
        "SGD" => optim.SGD(parameters, 0.1),
        "SGD with momentum" => optim.SGD(parameters, 0.1, momentum: 0.9),
        "SGD with decay" => optim.SGD(parameters, 0.1, weight_decay: 0.1),
        "Adam" => optim.Adam(parameters, 1e-3),
        "AdamW" => optim.AdamW(parameters, 1e-3),
        "AdamW with decay" => optim.AdamW(parameters, 1e-3, weight_decay: 0.1),
        _ => optim.RMSProp(parameters, 1e-3),
    };

    [Theory]
    [MemberData(nameof(Optimizers))]
    public void A_step_that_clears_its_gradients_afterwards_is_judged_rightly(string optimizer)
    {
        using var scope = NewDisposeScope();
        var well = Accumulate(p => Make(optimizer, p), right: true);
        Assert.False(well.IsSick, well.ToText());
        var sick = Accumulate(p => Make(optimizer, p), right: false);
        Assert.True(sick.Findings.Any(f => f.Check == "denominator" && f.Severity == Severity.Error), sick.ToText());
        Assert.False(Accumulate(p => Make(optimizer, p), right: true, clip: 0.01).IsSick);
    }

    [Fact]
    public void A_step_with_dropout_that_clears_its_gradients_is_not_judged()
    {
        using var scope = NewDisposeScope();
        var report = Accumulate(p => optim.AdamW(p, 1e-3), right: true, dropout: 0.3);
        Assert.False(report.IsSick, report.ToText());
        var outcome = report.Outcomes.Single(o => o.Check.Name == "denominator");
        Assert.Equal(CheckStatus.NotChecked, outcome.Status);
        Assert.Contains("give a step that leaves its gradients", outcome.Note, StringComparison.Ordinal);
    }

    [Fact]
    public void A_loss_halved_on_purpose_is_not_taken_for_one_over_all_positions()
    {
        using var scope = NewDisposeScope();
        using var net = new TinyModel();
        // 5 + 5 targets in 2 rows of 10 positions to predict.
        var ids = tensor(new long[] { 2, 3, 4, 5, 6, 1, 0, 0, 0, 0, 0, 7, 8, 9, 3, 2, 1, 0, 0, 0, 0, 0 }).reshape(2, 11);
        var report = Doctor.Examine(net, ids, Usual with { Loss = (l, y) => Shifted(Pad)(l, y) / 2 });
        Assert.False(report.IsSick, report.ToText());
        Assert.DoesNotContain(report.Findings, f => f.Check == "denominator");
    }

    [Fact]
    public void Labels_with_an_untold_sentinel_and_no_pads_are_not_widened_by_another()
    {
        using var scope = NewDisposeScope();
        using var net = new TinyModel();
        var ids = randint(2, Vocabulary, [4, 9], dtype: int64, generator: new Generator(2));
        var labels = Labels(ids, arange(9).unsqueeze(0).ge(3), -1);
        var report = Doctor.Examine(net, new DoctorBatch { Inputs = ids, Labels = labels }, Usual with
        {
            Loss = (l, y) =>
            {
                var (at, of) = (Head(l), Tail(y));
                var counts = of.ne(-1);
                var losses = -at.log_softmax(-1).gather(-1, of.clamp(min: 0).unsqueeze(-1)).squeeze(-1);
                return (losses * counts).sum() / counts.sum();
            },
        });
        Assert.False(report.IsSick, report.ToText());
    }

    [Fact]
    public void A_model_in_double_precision_with_weights_per_class_is_read()
    {
        using var scope = NewDisposeScope();
        using var net = new Free(ids => ids, doubles: true);
        var weight = linspace(0.5, 2, Vocabulary, dtype: float64);
        var report = Doctor.Examine(net, Right(), Usual with { Loss = (l, y) => CrossEntropy(Head(l), Tail(y), Pad, weight: weight) });
        Assert.False(report.IsSick, report.ToText());
        Assert.Equal(CheckStatus.Passed, report.Outcomes.Single(o => o.Check.Name == "pads-as-targets").Status);
        Assert.True(Doctor.Examine(net, Right(), Usual with { Loss = (l, y) => CrossEntropy(Head(l), Tail(y), weight: weight) }).IsSick);
    }

    [Fact]
    public void A_model_with_complex_empty_and_boolean_buffers_is_put_back()
    {
        using var scope = NewDisposeScope();
        using var net = new Free(ids => ids, buffers: true);
        var report = Doctor.Examine(net, Right(), Usual);
        Assert.False(report.IsSick, report.ToText());
    }

    [Fact]
    public void As_many_tokens_as_positions_do_not_hide_the_order_of_dimensions()
    {
        using var scope = NewDisposeScope();
        var ids = cat([randint(2, Vocabulary, [4, Vocabulary - 2], dtype: int64, generator: new Generator(3)), tensor(new[] { Eos, Pad }).expand(4, 2)], 1);
        foreach (var second in new[] { false, true })
        {
            using var net = new TinyModel(new() { TokensSecond = second });
            var report = Doctor.Examine(net, ids, Usual with { Loss = (l, y) => Shifted(Pad)(second ? l.transpose(1, 2) : l, y) });
            Assert.False(report.IsSick, report.ToText());
            Assert.Equal(CheckStatus.Passed, report.Outcomes.Single(o => o.Check.Name == "causality").Status);
        }
        using var looksAhead = new TinyModel(new() { TokensSecond = true, Causal = false });
        var sick = Doctor.Examine(looksAhead, ids, Usual with { Loss = (l, y) => Shifted(Pad)(l.transpose(1, 2), y) });
        Assert.Contains(sick.Findings, f => f.Check == "causality");
    }

    [Fact]
    public void Small_worlds_are_not_accused()
    {
        using var scope = NewDisposeScope();
        foreach (var (vocabulary, shape) in new[] { (2, new long[] { 3, 6 }), (2, [1, 2]), (3, [4, 2]), (5, [1, 5]), (4, [4, 4]) })
        {
            foreach (var type in new[] { int64, int32 })
            {
                using var net = new Free(ids => ids, vocabulary: vocabulary);
                var ids = randint(0, vocabulary, shape, dtype: type, generator: new Generator(1));
                var loss = (Tensor l, Tensor y) => Shifted()(l, y.to(int64));
                foreach (var options in new[] { new DoctorOptions { Loss = loss }, new() { Loss = loss, EosId = vocabulary - 1 }, new() { Loss = loss, Metric = (l, y) => Accuracy(Head(l), Tail(y), Tail(y).ge(0)) } })
                {
                    var report = Doctor.Examine(net, ids, options);
                    Assert.False(report.IsSick, $"{vocabulary} {string.Join("x", shape)} {type}\n{report.ToText()}");
                }
            }
        }
    }

    [Fact]
    public void A_loss_in_channel_first_layout_with_random_noise_and_a_reduction_by_sum_is_not_accused()
    {
        using var scope = NewDisposeScope();
        using var net = new TinyModel(new() { Dropout = 0.1 });
        net.train();
        foreach (var loss in new Func<Tensor, Tensor, Tensor>[]
        {
            (l, y) => nn.functional.cross_entropy(l.narrow(2, 0, l.shape[2] - 1), Tail(y), ignore_index: Pad, reduction: nn.Reduction.Sum),
            (l, y) => nn.functional.cross_entropy(l.narrow(2, 0, l.shape[2] - 1), Tail(y), ignore_index: Pad, label_smoothing: 0.1),
            (l, y) => Shifted(Pad)(l + randn_like(l) * 0.01, y),
            (l, y) => Shifted(Pad)(l * (1 + rand(1)), y),
            (l, y) => Shifted(Pad)(l, y) + 1e-4 * Head(l).logsumexp(-1).square().mean(),
            (l, y) => Shifted(Pad)(l, y) + 1e-4 * Head(l).logsumexp(-1).square().masked_select(Tail(y).ne(Pad)).mean(),
            (l, y) => Shifted(Pad)(l, y) / 8,
            (l, y) => Shifted(Pad)(l, y) is var value ? value / value.detach() : y,
            (l, y) => Shifted(Pad)(30 * (l / 30).tanh(), y),
            (l, y) => Shifted(Pad)(nn.functional.dropout(l, 0.2), y),
        })
        {
            var report = Doctor.Examine(net, Right(), Usual with { Loss = loss });
            Assert.False(report.IsSick, report.ToText());
        }
    }

    [Fact]
    public void A_model_of_nothing_but_NaN_is_named_and_nothing_else_is()
    {
        using var scope = NewDisposeScope();
        using var net = new Free(ids => ids, scale: double.NaN);
        var report = Doctor.Examine(net, Right(), Usual);
        Assert.Equal(["nothing-to-learn"], report.Findings.Where(f => f.Severity > Severity.Advice && f.FollowsFrom is null).Select(f => f.Check).Distinct());
        Assert.Contains("nothing-to-learn", report.ToJson(), StringComparison.Ordinal);
        Assert.Contains("nothing-to-learn", report.ToHtml(), StringComparison.Ordinal);
    }

    [Fact]
    public void Packed_rows_with_positions_that_start_again_and_no_documents_told_are_not_accused()
    {
        using var scope = NewDisposeScope();
        using var net = new TinyModel(new() { UsesDocuments = true });
        var (ids, documents) = Packed();
        var positions = arange(Width).unsqueeze(0) - documents.unsqueeze(-1).ne(documents.unsqueeze(-2)).logical_and(ones(Width, Width, dtype: @bool).tril()).sum(-1);
        Tensor Run(DoctorBatch b) => net.Run(b with { Documents = b.Positions!.eq(0).to(int64).cumsum(1) });
        foreach (var batch in new[] { new DoctorBatch { Inputs = ids, Positions = positions }, new() { Inputs = ids, Positions = positions, Documents = documents } })
        {
            var report = Doctor.Examine(Run, batch, Usual with { Module = net });
            Assert.False(report.IsSick, report.ToText());
        }
    }

    [Fact]
    public void A_loss_that_runs_backward_itself_is_answered_not_the_end_of_the_process()
    {
        using var scope = NewDisposeScope();
        using var net = new TinyModel();
        var report = Doctor.Examine(net, Right(), Usual with
        {
            Loss = (l, y) =>
            {
                var loss = Shifted(Pad)(l, y);
                if (loss.requires_grad)
                    loss.backward();
                return loss;
            },
        });
        Assert.DoesNotContain(report.Outcomes, o => o.Check.Name == "pads-as-targets" && o.Status == CheckStatus.Passed);
        Assert.Contains("loss", report.Outcomes.Single(o => o.Check.Name == "shift").Note, StringComparison.Ordinal);
        Assert.All(net.parameters(), p => Assert.Null(p.grad));
    }

    [Fact]
    public void A_loss_that_changes_what_its_gradient_needs_in_place_is_answered_not_the_end_of_the_process()
    {
        using var scope = NewDisposeScope();
        using var net = new TinyModel();
        var report = Doctor.Examine(net, Right(), Usual with
        {
            Loss = (l, y) =>
            {
                var odds = Head(l).exp();
                var value = odds.square().mean();
                odds.add_(1);
                return value;
            },
        });
        Assert.DoesNotContain(report.Outcomes, o => o.Check.Name == "shift" && o.Status == CheckStatus.Passed);
    }

    [Fact]
    public void What_the_model_throws_in_the_middle_leaves_its_checks_unmade()
    {
        using var scope = NewDisposeScope();
        for (var at = 2; at < 8; at++)
        {
            using var net = new TinyModel();
            net.train();
            var (calls, before) = (0, get_rng_state().bytes.ToArray());
            var report = Doctor.Examine((DoctorBatch b) => ++calls == at ? throw new InvalidOperationException("Out of\nluck.") : net.Run(b), DoctorBatch.FromIds(Right()), Usual with { Module = net });
            Assert.True(net.training);
            Assert.Equal(before, get_rng_state().bytes.ToArray());
            Assert.DoesNotContain(report.Findings, f => f.Severity > Severity.Advice && f.Check != "out-of-range");
        }
    }

    /// <summary>An embedding and an output, and whatever is odd about a model.</summary>
    private sealed class Free : nn.Module<Tensor, Tensor>
    {
        private readonly Embedding tokens;
        private readonly Linear output;
        private readonly Func<Tensor, Tensor> before;
        private readonly double scale;

        public Free(Func<Tensor, Tensor> before, int vocabulary = Vocabulary, bool doubles = false, bool buffers = false, double scale = 1) : base(nameof(Free))
        {
            (this.before, this.scale) = (before, scale);
            manual_seed(3);
            tokens = nn.Embedding(vocabulary, 8);
            output = nn.Linear(8, vocabulary);
            RegisterComponents();
            if (buffers)
            {
                register_buffer("frequencies", ones(4, dtype: complex64));
                register_buffer("none", zeros(0));
                register_buffer("flag", ones(2, dtype: @bool));
                register_buffer("count", ones(1, dtype: int64));
            }
            if (doubles)
                this.to(float64);
        }

        public override Tensor forward(Tensor ids) => output.call(tokens.call(before(ids))) * scale;
    }
}
