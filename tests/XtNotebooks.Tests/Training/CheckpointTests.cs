using TorchSharp;
using XtNotebooks.Training;
using XtNotebooks.Transformers;
using static TorchSharp.torch;

namespace XtNotebooks.Tests.Training;

public sealed class CheckpointTests : IDisposable
{
    private readonly string folder = Directory.CreateTempSubdirectory("xt-checkpoints-").FullName;

    public void Dispose() => Directory.Delete(folder, recursive: true);

    private Trainer On(nn.Module<Tensor, Tensor> model) =>
        new(TrainedModel.From(model), Tiny.Motif(), LossSetting.IgnorePads, new() { CheckpointEvery = 2, CheckpointFolder = folder });

    [Fact]
    public void A_run_is_kept_in_the_models_own_format_from_which_the_model_can_be_built()
    {
        using var net = Tiny.Net();
        using (var trainer = On(net))
            trainer.Train(4);
        var directory = new CheckpointDirectory(folder);
        Assert.Equal(4, directory.ReadProgress().Step);
        using var built = Assert.IsType<TransformerWrapper>(directory.CreateModel());
        Assert.All(built.state_dict().Zip(net.state_dict()), pair => Assert.True(pair.First.Value.equal(pair.Second.Value).all().item<bool>()));
        Assert.Equal(3, Directory.GetFiles(folder).Length);
    }

    [Fact]
    public void Somebody_elses_model_is_kept_and_resumed_too()
    {
        using var bigram = new Bigram();
        using (var trainer = On(bigram))
            trainer.Train(4);
        using var other = new Bigram();
        using (no_grad())
            other.parameters().Single().zero_();
        using var resumed = On(other);
        Assert.Equal(4, resumed.Resume().Steps.Count);
        Assert.True(other.parameters().Single().equal(bigram.parameters().Single()).all().item<bool>());
        Assert.Contains("of another library; make one and use Restore", Assert.Throws<CheckpointException>(() => new CheckpointDirectory(folder).CreateModel()).Message);
    }

    [Fact]
    public void What_cannot_be_resumed_is_told_in_a_sentence_and_changes_nothing()
    {
        using var net = Tiny.Net();
        using var optimizer = optim.Adam(net.parameters());
        new CheckpointDirectory(folder).Save(net, 3, optimizer);
        using var trainer = On(net);
        Assert.Contains("holds weights but no run", Assert.Throws<CheckpointException>(() => trainer.Resume()).Message);
        using var first = On(net);
        first.Train(2);
        using var bigram = new Bigram();
        using var wrong = On(bigram);
        Assert.Contains("nothing was changed", Assert.Throws<CheckpointException>(() => wrong.Resume()).Message);
        Assert.Empty(wrong.Run.Steps);
    }
}
