using static TorchSharp.torch;

namespace XtNotebooks.Tests.Training;

/// <summary>A notebook whose cells train, and what its magics left there.</summary>
public abstract class TrainingCells
{
    private readonly MagicCalls magics = new();

    private protected RecordingNotebook notebook => magics.Notebook;

    private protected Task Call(string magic, Dictionary<string, object?> values, CancellationToken token = default) =>
        magics.CallAsync(magic, values.Select(pair => (pair.Key, pair.Value)), token);

    private protected static Dictionary<string, object?> On(nn.Module model, params (string, object?)[] more) =>
        new[] { ("--model", (object?)model), ("--batches", Tiny.Motif()), ("--steps", 5) }.Concat(more)
            .GroupBy(pair => pair.Item1).ToDictionary(pair => pair.Key, pair => pair.Last().Item2);
}
