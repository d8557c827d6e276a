using XtNotebooks.Extensibility;

namespace XtNotebooks.Views;

/// <summary><c>#!xt-tensors</c>: what the notebook's variables hold in tensors, and how many are alive besides.</summary>
internal static class TensorsMagic
{
    public static MagicCommand Command { get; } = new()
    {
        Name = "#!xt-tensors",
        Summary = "Lists the tensors that variables hold, by size, and counts those that are alive but in no variable: a leak.",
        Options =
        [
            new() { Name = "--max", Summary = "Variables listed at most.", Type = typeof(int), Default = 40 },
            MagicInputs.As("tensors"),
        ],
        Examples = ["#!xt-tensors"],
        Run = static (call, _) => MagicInputs.Show(call, () => LiveTensorsView.Of(call.Notebook.Variables, call.Require<int>("--max"))),
    };
}
