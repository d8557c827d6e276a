using TorchSharp;
using XtNotebooks.Data;
using XtNotebooks.Training;
using XtNotebooks.Transformers;
using static TorchSharp.torch;

namespace XtNotebooks.Tests.Training;

public sealed class BFloat16Tests
{
    private static readonly TrainerOptions Half = new() { Precision = TrainingPrecision.BFloat16 };

    private static TransformerWrapper Net(int seed = 0)
    {
        var net = new TransformerWrapper(new()
        {
            NumTokens = 12, MaxSeqLen = 16, AttnLayers = new Decoder(new() { Dim = 16, Depth = 1, Heads = 2, AttnDimHead = 8, RotaryPosEmb = true }),
        });
        Tiny.Initialise(net, seed);
        return net;
    }

    [Fact]
    public void It_learns_as_full_precision_does()
    {
        using var half = Net();
        using var full = Net();
        using var a = new Trainer(TrainedModel.From(half), Tiny.Motif(), LossSetting.IgnorePads, Half);
        using var b = new Trainer(TrainedModel.From(full), Tiny.Motif(), LossSetting.IgnorePads);
        var (rounded, exact) = (a.Train(60), b.Train(60));
        Assert.Equal((TrainingPrecision.BFloat16, TrainingPrecision.Full), (rounded.Precision, exact.Precision));
        Assert.Equal(exact.Steps[0].ReportedLoss, rounded.Steps[0].ReportedLoss, 0.03);
        Assert.Equal(exact.Last(10).Reported!.Value, rounded.Last(10).Reported!.Value, 0.05);
        Assert.NotEqual(exact.Steps[0].ReportedLoss, rounded.Steps[0].ReportedLoss);
        // A loss in bfloat16 would be a multiple of 1/64.
        Assert.Contains(rounded.Steps, step => step.ReportedLoss * 1024 % 1 != 0);
    }

    [Fact]
    public void It_computes_in_bfloat16_and_leaves_float32_weights_and_what_it_did_not_train_to_the_bit()
    {
        using var net = Net();
        net.state_dict()["token_emb.emb.weight"].requires_grad_(false);
        var before = net.state_dict().ToDictionary(pair => pair.Key, pair => pair.Value.detach().clone());
        var seen = ScalarType.Float32;
        var setting = LossSetting.Manual with { Loss = (model, batch) => { seen = net.parameters().First().dtype; return LossSetting.Manual.Loss(model, batch); } };
        using var trainer = new Trainer(TrainedModel.From(net), Tiny.Motif(), setting, Half);
        trainer.Train(3);
        Assert.Equal(ScalarType.BFloat16, seen);
        Assert.All(net.parameters(), parameter => Assert.Equal(ScalarType.Float32, parameter.dtype));
        var after = net.state_dict();
        Assert.Equal(before.Keys, after.Keys);
        Assert.True(after["token_emb.emb.weight"].equal(before["token_emb.emb.weight"]).all().item<bool>());
        Assert.True(after["attn_layers.rotary_pos_emb.inv_freq"].equal(before["attn_layers.rotary_pos_emb.inv_freq"]).all().item<bool>());
        // Changes far below bfloat16's digits arrived.
        var moved = after["attn_layers.layers.0.1.to_q.weight"];
        Assert.False(moved.equal(moved.to(ScalarType.BFloat16).to(ScalarType.Float32)).all().item<bool>());
    }

    [Fact]
    public void Steps_too_small_for_bfloat16_add_up()
    {
        using var table = new Bigram();
        using (no_grad())
            table.parameters().Single().fill_(1);
        using var trainer = new Trainer(TrainedModel.From(table), Tiny.Motif(), LossSetting.IgnorePads,
            Half with { LearningRate = 1e-4, Optimizer = (parameters, rate) => optim.SGD(parameters, rate) });
        trainer.Train(5);
        var weight = table.parameters().Single();
        Assert.InRange((weight - 1).abs().max().item<float>(), 1e-7f, 1f / 256);
    }

    [Fact]
    public void Turns_by_exact_angles_in_half_precision()
    {
        using var net = Net();
        var exact = net.state_dict()["attn_layers.rotary_pos_emb.inv_freq"].clone();
        net.to(ScalarType.BFloat16);
        Assert.Equal(ScalarType.Float32, net.state_dict()["attn_layers.rotary_pos_emb.inv_freq"].dtype);
        Assert.True(net.state_dict()["attn_layers.rotary_pos_emb.inv_freq"].equal(exact).all().item<bool>());
    }

    [Fact]
    public void A_resumed_run_is_the_same_to_the_bit()
    {
        var folder = Directory.CreateTempSubdirectory("xt-checkpoints-").FullName;
        try
        {
            var options = Half with { CheckpointEvery = 5, CheckpointFolder = folder };
            using var first = Net();
            using (var trainer = new Trainer(TrainedModel.From(first), Tiny.Motif(), LossSetting.IgnorePads, options))
                trainer.Train(7);
            using var whole = Net();
            using var uninterrupted = new Trainer(TrainedModel.From(whole), Tiny.Motif(), LossSetting.IgnorePads, Half);
            using var net = Net(seed: 99);
            using var resumed = new Trainer(TrainedModel.From(net), Tiny.Motif(), LossSetting.IgnorePads, options);
            Assert.Equal(5, resumed.Resume().Steps.Count);
            Assert.Equal(uninterrupted.Train(10).Steps.Select(s => s.ReportedLoss), resumed.Train(5).Steps.Select(s => s.ReportedLoss));
        }
        finally
        {
            Directory.Delete(folder, recursive: true);
        }
    }

    [Fact]
    public void Parts_of_an_accumulated_step_are_summed_in_float32()
    {
        long[][] rows = [[5, 6, 7, 8, 9, 10], [5, 6], [3, 4, 5], [7, 8]];
        using var whole = PaddedBatch.From(rows, padId: 0, length: 8);
        using var first = PaddedBatch.From(rows[..1], padId: 0, length: 8);
        using var rest = PaddedBatch.From(rows[1..], padId: 0, length: 8);
        using var large = Net();
        using var small = Net();
        using var one = new Trainer(TrainedModel.From(large), [whole], LossSetting.IgnorePads, Half with { RecordGradientNorm = true });
        using var two = new Trainer(TrainedModel.From(small), [first, rest], LossSetting.IgnorePads, Half with { Accumulation = 2, RecordGradientNorm = true });
        var (a, b) = (one.Train(1).Steps[0], two.Train(1).Steps[0]);
        Assert.Equal(a.ReportedLoss, b.ReportedLoss, 1e-2);
        Assert.Equal(a.GradientNorm!.Value, b.GradientNorm!.Value, 0.02 * a.GradientNorm.Value);
    }

    [Fact]
    public void It_leaves_no_tensor_behind_and_refuses_other_weights()
    {
        using var net = Net();
        using var trainer = new Trainer(TrainedModel.From(net), Tiny.Motif(), LossSetting.IgnorePads, Half);
        trainer.Train(2);
        var before = DisposeScopeManager.Statistics.ThreadTotalLiveCount;
        trainer.Train(5);
        Assert.Equal(before, DisposeScopeManager.Statistics.ThreadTotalLiveCount);

        using var wide = Net();
        wide.to(ScalarType.Float64);
        var error = Assert.Throws<ArgumentException>(() => new Trainer(TrainedModel.From(wide), Tiny.Motif(), LossSetting.IgnorePads, Half));
        Assert.Contains("is Float64; convert the model first", error.Message);
    }

    [Fact]
    public void A_loss_that_throws_leaves_float32_weights()
    {
        using var net = Net();
        using var trainer = new Trainer(TrainedModel.From(net), Tiny.Motif(), new("broken", (_, _) => throw new InvalidOperationException("mine")), Half);
        Assert.Throws<InvalidOperationException>(() => trainer.Train(1));
        Assert.All(net.parameters(), parameter => Assert.Equal(ScalarType.Float32, parameter.dtype));
    }
}
