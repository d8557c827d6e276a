using TorchSharp;
using XtNotebooks.Data;
using XtNotebooks.Training;
using static TorchSharp.torch;
using static XtNotebooks.Tests.Training.TinyRuns;

namespace XtNotebooks.Tests.Training;

public sealed class NotFiniteTests
{
    [Fact]
    public void A_loss_that_is_not_a_number_stops_with_the_step_the_batch_and_the_place()
    {
        using var net = Tiny.Net();
        using var trainer = new Trainer(TrainedModel.From(net), Tiny.Motif(), LossSetting.IgnorePads,
            new() { OnStep = p => { if (p.Step.Step == 2) { using (no_grad()) net.state_dict()["token_emb.emb.weight"].fill_(float.NaN); } } });
        var run = trainer.Train(5);
        Assert.Equal((TrainingEnd.NotFinite, 2), (run.End, run.Steps.Count));
        Assert.StartsWith("The loss of step 3 is not a number; the weights of token_emb.emb.weight are not finite since the step before.", run.EndReason);
        Assert.Contains("PaddedBatch [4, 16]", run.EndReason);
    }

    [Fact]
    public void A_forward_pass_that_overflows_names_the_first_layer_where_it_does()
    {
        using var net = Tiny.Net();
        using (no_grad())
            net.state_dict()["attn_layers.layers.1.1.ff.2.weight"].fill_(3e38f);
        using var trainer = new Trainer(TrainedModel.From(net), Tiny.Motif(), LossSetting.IgnorePads);
        var run = trainer.Train(1);
        Assert.Equal(TrainingEnd.NotFinite, run.End);
        Assert.Contains("the weights are finite, and attn_layers.layers.1 is the first layer whose output is not", run.EndReason);
    }

    [Fact]
    public void A_loss_that_is_not_finite_names_which_of_the_steps_batches_it_is()
    {
        using var good = PaddedBatch.From([[5L, 6, 7]], padId: 0, length: 4);
        using var bad = PaddedBatch.From([[5L, 6, 7], [8, 9]], padId: 0, length: 4);
        var loss = new LossSetting("odd", (model, batch) => new(model.Forward(batch.Ids).mean() * (batch.Batch > 1 ? float.NaN : 1), null), batch => batch.Batch);
        using var net = Tiny.Net();
        using var trainer = new Trainer(TrainedModel.From(net), [good, bad], loss, new() { Accumulation = 2 });
        Assert.Contains("The batch is number 2 of the step's 2, PaddedBatch [2, 4]", trainer.Train(1).EndReason);
    }

    [Fact]
    public void A_gradient_that_is_not_finite_names_the_batch_and_the_layer_nearest_the_cause()
    {
        using var good = PaddedBatch.From([[5L, 6, 7]], padId: 0, length: 4);
        using var bad = PaddedBatch.From([[5L, 6, 7], [8, 9]], padId: 0, length: 4);
        // The square root of nothing is finite, and its slope is not.
        var loss = new LossSetting("root", (model, batch) =>
        {
            var logits = model.Forward(batch.Ids)[.., ..^1];
            return new(logits.square().mean() + (batch.Batch > 1 ? (logits * 0).sum().sqrt() : 0), null);
        }, batch => batch.Batch);
        using var net = Tiny.Net();
        using var trainer = new Trainer(TrainedModel.From(net), [good, bad], loss, new() { Accumulation = 2, RecordGradientNorm = true });
        var run = trainer.Train(1);
        Assert.Equal(TrainingEnd.NotFinite, run.End);
        Assert.StartsWith("The gradient of step 1 is not finite; on its way back from the loss it is so first in to_logits", run.EndReason);
        Assert.Contains("The batch is number 2 of the step's 2, PaddedBatch [2, 4]", run.EndReason);
        // Registered in the opposite order.
        using var model = new Backwards();
        using var other = new Trainer(TrainedModel.From(model), [bad], loss, new() { RecordGradientNorm = true });
        Assert.Contains("first in head.", other.Train(1).EndReason);
    }

    private sealed class Backwards : nn.Module<Tensor, Tensor>
    {
        private readonly TorchSharp.Modules.Linear head = nn.Linear(4, 12);
        private readonly TorchSharp.Modules.Embedding table = nn.Embedding(12, 4);

        public Backwards() : base(nameof(Backwards))
        {
            RegisterComponents();
            Tiny.Initialise(this, seed: 0);
        }

        public override Tensor forward(Tensor ids) => head.call(table.call(ids));
    }

    [Fact]
    public void In_somebody_elses_model_too()
    {
        using var model = nn.Sequential(("table", nn.Embedding(12, 4)), ("middle", nn.Linear(4, 4)), ("head", nn.Linear(4, 12)));
        Tiny.Initialise(model, seed: 0);
        using (no_grad())
        {
            model.state_dict()["table.weight"].fill_(1);
            model.state_dict()["middle.weight"].fill_(3e38f);
        }
        using var trainer = new Trainer(TrainedModel.From(model), Tiny.Motif(), LossSetting.IgnorePads);
        Assert.Contains("the weights are finite, and middle is the first layer whose output is not", trainer.Train(1).EndReason);
    }

    [Fact]
    public void A_batch_that_holds_it_already_and_a_loss_that_makes_it_are_told_apart()
    {
        using var model = nn.Sequential(("one", nn.Linear(3, 4)), ("two", nn.Linear(4, 1)));
        using Tensor x = rand(2, 3), poisoned = full([2, 3], float.PositiveInfinity);
        Func<Dictionary<string, Tensor>, Tensor> loss = batch => model.call(batch["x"]).mean(), odd = batch => model.call(batch["x"]).sum() / 0f * 0f;
        Assert.Equal("The loss of step 1 is not a number; the weights are finite, but the batch itself holds NaN or infinity, and one is the first layer whose output does too. "
            + "The batch is {x: [2, 3]}. Mend the batch or leave it out.", Reason(loss, poisoned));
        Assert.StartsWith("The loss of step 1 is not a number; the weights and what the layers give are finite: it is the loss. The batch is {x: [2, 3]}.", Reason(odd, x));

        string Reason(Func<Dictionary<string, Tensor>, Tensor> of, Tensor input)
        {
            using var trainer = Trainer.For(model, [new Dictionary<string, Tensor> { ["x"] = input }], of);
            return trainer.Train(1).EndReason;
        }
    }
}
