using TorchSharp;
using TorchSharp.Modules;
using XtNotebooks.Training;
using XtNotebooks.Transformers;
using static TorchSharp.torch;

namespace XtNotebooks.Tests.Training;

/// <summary>What a run's last step does to the weights, which no further step's loss tells.</summary>
public sealed class NotFiniteWeightsTests : IDisposable
{
    private readonly DisposeScope scope = NewDisposeScope();
    private readonly Sequential net = nn.Sequential(("one", nn.Linear(2, 2)), ("two", nn.Linear(2, 1, hasBias: false)));

    public NotFiniteWeightsTests()
    {
        Tiny.Initialise(net, seed: 0);
        using var _ = no_grad();
        // Nothing reaches the first layer.
        net.state_dict()["two.weight"].zero_();
    }

    public void Dispose()
    {
        net.Dispose();
        scope.Dispose();
    }

    private static readonly TrainerOptions Huge = new() { LearningRate = 3e38, Optimizer = (parameters, rate) => optim.SGD(parameters, rate), RecordGradientNorm = true };

    private Trainer On(TrainerOptions options, int batches = 9) =>
        Trainer.For(net, Enumerable.Repeat(ones(4, 2), batches).ToList(), batch => net.call(batch.to(net.parameters().First().dtype)).to(float32).sum() * 100, options);

    [Fact]
    public void An_update_that_overflows_in_the_last_step_is_named_and_the_run_is_not_completed()
    {
        using var trainer = On(Huge);
        var run = trainer.Train(1);
        Assert.Equal((TrainingEnd.NotFinite, 1), (run.End, run.Steps.Count));
        Assert.True(double.IsFinite(run.Steps[0].ReportedLoss) && double.IsFinite(run.Steps[0].GradientNorm!.Value));
        Assert.Equal("The weights of two.weight are not finite since step 1, the last, whose loss and gradient were: its update overflowed. "
            + "Lower the learning rate or clip the gradient.", run.EndReason);
        Assert.StartsWith("The loss of step 2 is infinite; the weights of two.weight are not finite since the step before.", trainer.Train(1).EndReason);
    }

    [Fact]
    public void Where_the_gradient_was_not_looked_at_it_may_be_the_cause()
    {
        using var trainer = On(Huge with { RecordGradientNorm = false });
        Assert.StartsWith("The weights of two.weight are not finite since step 1, the last, whose loss was: its gradient or its update overflowed.", trainer.Train(1).EndReason);
    }

    [Fact]
    public void Master_weights_of_bfloat16_are_looked_at_too()
    {
        using var trainer = On(Huge with { Precision = TrainingPrecision.BFloat16 });
        Assert.StartsWith("The weights of two.weight are not finite since step 1", trainer.Train(1).EndReason);
    }

    [Fact]
    public void An_end_of_another_kind_keeps_its_reason_and_tells_the_weights_beside_it()
    {
        using var trainer = On(Huge, batches: 1);
        var run = trainer.Train(5);
        Assert.Equal(TrainingEnd.OutOfBatches, run.End);
        Assert.StartsWith("The batches ended after step 1 of 5. The weights of two.weight are not finite since step 1", run.EndReason);
    }

    [Fact]
    public void Weights_that_were_infinite_before_and_do_no_harm_are_not_the_runs_doing()
    {
        using (no_grad())
            net.state_dict()["one.bias"].fill_(float.NegativeInfinity);
        // An exponential makes zeros of them, as a mask does.
        using var trainer = Trainer.For(net, [ones(4, 2)], batch => nn.functional.linear(batch, net.state_dict()["one.weight"]).square().sum() + net.state_dict()["one.bias"].exp().sum());
        Assert.Equal((TrainingEnd.Completed, ""), (trainer.Train(1).End, trainer.Run.EndReason));
    }

    [Fact]
    public void The_newest_checkpoint_stays_one_to_go_on_from()
    {
        var folder = Directory.CreateTempSubdirectory("xt-weights-").FullName;
        try
        {
            var options = Huge with { CheckpointEvery = 1, CheckpointFolder = folder, Schedule = step => step == 2 ? 1 : 1e-45 };
            using var trainer = On(options);
            var run = trainer.Train(3);
            Assert.Equal((TrainingEnd.NotFinite, 2), (run.End, run.Steps.Count));
            Assert.EndsWith("No checkpoint was written of this step.", run.EndReason, StringComparison.Ordinal);
            Assert.Equal(1, new CheckpointDirectory(folder).ReadProgress().Step);
        }
        finally
        {
            Directory.Delete(folder, recursive: true);
        }
    }

    [Fact]
    public async Task The_magics_say_so_and_leave_the_run()
    {
        var magics = new MagicCalls();
        Func<Tensor, Tensor> loss = batch => net.call(batch).sum() * 1e4f;
        (string, object?)[] call = [("--model", net), ("--batches", new[] { ones(4, 2) }), ("--loss", loss), ("--steps", 1), ("--learning-rate", 1e37)];
        var error = await magics.RefusalAsync("#!xt-train", call);
        Assert.Contains(".weight are not finite since step 1, the last, whose loss and gradient were", error, StringComparison.Ordinal);
        Assert.Equal(TrainingEnd.NotFinite, magics.Run.End);
    }

    [Fact]
    public async Task A_learning_rate_beyond_single_precision_says_what_to_lower()
    {
        Func<Tensor, Tensor> loss = batch => net.call(batch).sum();
        Assert.Equal("Step 1 failed (ExternalException: value cannot be converted to type float without overflow: lower --learning-rate, or a factor of the loss); "
            + "no step was taken, and the weights are as they were.", await new MagicCalls().RefusalAsync("#!xt-train", ("--model", net), ("--batches", new[] { ones(4, 2) }), ("--loss", loss), ("--steps", 1), ("--learning-rate", 1e38)));
    }
}
