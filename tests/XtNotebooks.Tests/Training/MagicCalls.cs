using XtNotebooks.Extensibility;
using XtNotebooks.Training;
using static TorchSharp.torch;

namespace XtNotebooks.Tests.Training;

/// <summary>Calls magics as a host binds them: every option has its default, unless it is given.</summary>
internal sealed class MagicCalls
{
    public RecordingNotebook Notebook { get; } = new();

    public TrainingRun Run => (TrainingRun)Notebook.Declared["run"].Value!;

    public Task CallAsync(string magic, IEnumerable<(string Option, object? Value)> given, CancellationToken token = default)
    {
        if (Notebook.Magics.Count == 0)
            new XtNotebooksExtension().Load(Notebook);
        var command = Notebook.Magics.Single(known => known.Name == magic);
        var values = given.GroupBy(pair => pair.Option).ToDictionary(pair => pair.Key, pair => pair.Last().Value);
        Assert.All(values.Keys, key => Assert.Contains(command.Options, option => option.Name == key));
        return command.Run(new MagicCall(Notebook, command.Options.ToDictionary(option => option.Name, option => values.GetValueOrDefault(option.Name, option.Default)), "") { Given = values.Keys }, token);
    }

    public Task TrainAsync(nn.Module model, object? batches, params (string, object?)[] more) =>
        CallAsync("#!xt-train", [("--model", model), ("--batches", batches), ("--steps", 5), .. more]);

    public async Task<string> RefusalAsync(string magic, params (string, object?)[] given) =>
        (await Assert.ThrowsAsync<MagicException>(() => CallAsync(magic, given))).Message;
}
