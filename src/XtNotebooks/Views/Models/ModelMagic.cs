using TorchSharp;
using XtNotebooks.Extensibility;

namespace XtNotebooks.Views;

/// <summary><c>#!xt-model</c>: a model as a tree.</summary>
internal static class ModelMagic
{
    public static MagicCommand Command { get; } = new()
    {
        Name = "#!xt-model",
        Summary = "Draws a model as a tree: modules, the shapes they give, parameters, cost, memory, and options that differ from the defaults.",
        Options =
        [
            new() { Name = "--model", Summary = "Any TorchSharp module.", Type = typeof(torch.nn.Module), Required = true, Positional = true },
            new() { Name = "--example", Summary = "An input to tell the shapes of all layers' outputs for: a tensor, several as an array or a tuple, or a PaddedBatch; a TransformerWrapper needs none.", Type = typeof(object) },
            new() { Name = "--length", Summary = "Tokens in a sequence, for what attention between positions costs; the example's unless given, or else the longest that the model takes.", Type = typeof(long) },
            MagicInputs.Title, MagicInputs.As("modelView"),
        ],
        Examples = ["#!xt-model net", "#!xt-model net --example x", "#!xt-model net --length 128"],
        Run = static (call, _) => MagicInputs.Show(call, () =>
            ModelView.From(call.Require<torch.nn.Module>("--model"), example: call.Values.GetValueOrDefault("--example"), length: call.Values.GetValueOrDefault("--length") as long?) with { Title = call.Get<string>("--title") }),
    };
}
