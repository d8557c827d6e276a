using TorchSharp;
using XtNotebooks.Extensibility;
using XtNotebooks.Training;
using static TorchSharp.torch;

namespace XtNotebooks.Tests.Training;

public sealed class BFloat16OwnLossTests
{
    private readonly MagicCalls magics = new();

    private static readonly (string, object?) Half = ("--precision", TrainingPrecision.BFloat16);

    private static List<(Tensor X, Tensor Y)> Pairs()
    {
        using var generator = new Generator(1);
        return [.. Enumerable.Range(0, 60).Select(_ => randn([8, 3], generator: generator)).Select(x => (x, x.sum(1, keepdim: true)))];
    }

    private static TorchSharp.Modules.Linear Line(int seed = 3)
    {
        var line = nn.Linear(3, 1);
        Tiny.Initialise(line, seed);
        return line;
    }

    [Fact]
    public async Task A_loss_of_output_and_target_trains_a_model_that_computes_in_bfloat16()
    {
        using var scope = NewDisposeScope();
        var (line, exact, kinds) = (Line(), Line(), new HashSet<(ScalarType, ScalarType, ScalarType)>());
        Func<Tensor, Tensor, Tensor> squares = (output, target) =>
        {
            kinds.Add((line.weight.dtype, output.dtype, target.dtype));
            return nn.functional.mse_loss(output, target);
        };
        var pairs = Pairs();
        var heldOut = new[] { pairs[^1] };
        await magics.TrainAsync(line, pairs, ("--loss", squares), ("--learning-rate", 0.05), ("--steps", 50), ("--held-out", heldOut), Half);
        var rounded = magics.Run;
        Assert.Equal((TrainingPrecision.BFloat16, 50), (rounded.Precision, rounded.Steps.Count));
        Assert.Equal([(ScalarType.BFloat16, ScalarType.Float32, ScalarType.Float32)], kinds);
        Assert.Equal(ScalarType.Float32, line.weight.dtype);
        // Weights finer than bfloat16's arrive.
        Assert.False(line.weight.equal(line.weight.to(ScalarType.BFloat16).to(ScalarType.Float32)).all().item<bool>());
        await magics.TrainAsync(exact, pairs, ("--loss", nn.MSELoss()), ("--learning-rate", 0.05), ("--steps", 50), ("--held-out", heldOut));
        Assert.Equal(magics.Run.Steps[0].ReportedLoss, rounded.Steps[0].ReportedLoss, magics.Run.Steps[0].ReportedLoss * 0.05);
        Assert.NotEqual(magics.Run.Steps[0].ReportedLoss, rounded.Steps[0].ReportedLoss);
        Assert.True(rounded.Steps[^1].ReportedLoss < rounded.Steps[0].ReportedLoss / 20, $"{rounded.Steps[^1].ReportedLoss}");
        Assert.Equal(magics.Run.Evaluations[^1].Loss, rounded.Evaluations[^1].Loss, 0.05);
    }

    [Fact]
    public async Task Ids_stay_ids()
    {
        using var scope = NewDisposeScope();
        var batches = Enumerable.Range(0, 40).Select(_ => (tensor([1L, 2, 3, 4]), tensor([2L, 3, 4, 5]))).ToList();
        await magics.TrainAsync(new Bigram(), batches, ("--loss", nn.CrossEntropyLoss()), ("--learning-rate", 0.2), ("--steps", 30), Half);
        Assert.True(magics.Run.Steps[^1].ReportedLoss < magics.Run.Steps[0].ReportedLoss / 5);
    }

    [Fact]
    public async Task A_loss_of_a_whole_batch_converts_or_is_told_to()
    {
        using var scope = NewDisposeScope();
        var line = Line();
        Func<(Tensor X, Tensor Y), Tensor> plain = batch => nn.functional.mse_loss(line.call(batch.X), batch.Y),
            converts = batch => nn.functional.mse_loss(line.call(batch.X.to(ScalarType.BFloat16)).to(ScalarType.Float32), batch.Y);
        var refusal = await Assert.ThrowsAsync<MagicException>(() => magics.TrainAsync(line, Pairs(), ("--loss", plain), Half));
        Assert.StartsWith("The loss \"own loss\" meets a model that computes in bfloat16; convert what it takes, x.to(torch.bfloat16), and what it gives, .to(torch.float32), or leave --precision out (",
            refusal.Message);
        Assert.Equal(ScalarType.Float32, line.weight.dtype);
        await magics.TrainAsync(line, Pairs(), ("--loss", converts), ("--learning-rate", 0.05), ("--steps", 50), Half);
        Assert.True(magics.Run.Steps[^1].ReportedLoss < magics.Run.Steps[0].ReportedLoss / 20);
    }

    [Fact]
    public async Task Losses_of_ones_own_are_compared_in_bfloat16()
    {
        using var scope = NewDisposeScope();
        await magics.CallAsync("#!xt-compare", [("--model", Line()), ("--batches", Pairs()), ("--loss", new[] { nn.MSELoss(), nn.MSELoss() }), ("--steps", 5), Half]);
        var runs = ((TrainingComparison)magics.Notebook.Declared["comparison"].Value!).Runs;
        Assert.All(runs, run => Assert.Equal((TrainingPrecision.BFloat16, 5), (run.Precision, run.Steps.Count)));
    }
}
