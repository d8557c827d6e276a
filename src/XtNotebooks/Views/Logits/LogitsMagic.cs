using XtNotebooks.Extensibility;

namespace XtNotebooks.Views;

/// <summary><c>#!xt-logits</c>: tokens coloured by what they cost.</summary>
internal static class LogitsMagic
{
    public static MagicCommand Command { get; } = new()
    {
        Name = "#!xt-logits",
        Summary = "Draws a batch's tokens coloured by what they cost the model, with its guesses for each.",
        Options =
        [
            MagicInputs.Ids, MagicInputs.Model with { Required = true }, MagicInputs.PadId, MagicInputs.IgnoreIndex, MagicInputs.Tokenizer,
            new() { Name = "--mode", Summary = "What the colour means at first.", Type = typeof(LogitsMode), Default = LogitsMode.Loss },
            new() { Name = "--top-k", Summary = "How many guesses are told for each position.", Type = typeof(int), Default = 5 },
            new() { Name = "--top-p", Summary = "Overlays what sampling with this nucleus would cut, 0 to 1.", Type = typeof(double) },
            new() { Name = "--max-tokens", Summary = "Positions shown at most.", Type = typeof(int), Default = 400 },
            MagicInputs.Title, MagicInputs.As("logitsView"),
        ],
        Examples = ["#!xt-logits batch --model net --tokenizer tokenizer --ignore-index 0 --top-p 0.9"],
        Run = static (call, _) => MagicInputs.Show(call, () =>
        {
            var (logits, targets) = MagicInputs.Forward(call, MagicInputs.Batch(call));
            return LogitsView.From(logits, targets, new()
            {
                Title = call.Get<string>("--title"),
                Token = MagicInputs.Token(call),
                PadId = MagicInputs.Pad(call),
                IgnoreIndex = call.Require<long>("--ignore-index"),
                TopK = call.Require<int>("--top-k"),
                TopP = call.Values.GetValueOrDefault("--top-p") as double?,
                Mode = call.Require<LogitsMode>("--mode"),
                MaxTokens = call.Require<int>("--max-tokens"),
            });
        }),
    };
}
