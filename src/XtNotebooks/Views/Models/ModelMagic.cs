using TorchSharp;
using XtNotebooks.Extensibility;

namespace XtNotebooks.Views;

/// <summary><c>#!xt-model</c>: a model as a tree.</summary>
internal static class ModelMagic
{
    public static MagicCommand Command { get; } = new()
    {
        Name = "#!xt-model",
        Summary = "Draws a model as a tree: modules, shapes, parameters, cost, memory, and options that differ from the defaults.",
        Options =
        [
            new() { Name = "--model", Summary = "Any TorchSharp module.", Type = typeof(torch.nn.Module), Required = true, Positional = true },
            MagicInputs.Title, MagicInputs.As("modelView"),
        ],
        Examples = ["#!xt-model net"],
        Run = static (call, _) => MagicInputs.Show(call, () =>
            ModelView.From(call.Require<torch.nn.Module>("--model")) with { Title = call.Get<string>("--title") }),
    };
}
