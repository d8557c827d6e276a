using TorchSharp;
using XtNotebooks.Data;
using XtNotebooks.Extensibility;
using XtNotebooks.Training;
using XtNotebooks.Transformers;
using XtNotebooks.Views;
using static TorchSharp.torch;

namespace XtNotebooks.Tests.Training;

/// <summary>A notebook whose cells train, and what its magics left there.</summary>
public abstract class TrainingCells
{
    private protected readonly RecordingNotebook notebook = new();

    private protected Task Call(string magic, Dictionary<string, object?> values, CancellationToken token = default)
    {
        if (notebook.Magics.Count == 0)
            new XtNotebooksExtension().Load(notebook);
        var command = notebook.Magics.Single(m => m.Name == magic);
        Assert.All(values.Keys, key => Assert.Contains(command.Options, option => option.Name == key));
        var all = command.Options.ToDictionary(option => option.Name, option => values.GetValueOrDefault(option.Name, option.Default));
        return command.Run(new MagicCall(notebook, all, ""), token);
    }

    private protected static Dictionary<string, object?> On(nn.Module model, params (string, object?)[] more) =>
        new[] { ("--model", (object?)model), ("--batches", Tiny.Motif()), ("--steps", 5) }.Concat(more)
            .GroupBy(pair => pair.Item1).ToDictionary(pair => pair.Key, pair => pair.Last().Item2);
}
