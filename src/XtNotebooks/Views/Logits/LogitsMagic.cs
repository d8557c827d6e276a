using XtNotebooks.Extensibility;
using static TorchSharp.torch;

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
            MagicInputs.Ids, MagicInputs.Model with { Required = true }, MagicInputs.PadId, MagicInputs.IgnoreIndexOfModel, MagicInputs.Tokenizer,
            new() { Name = "--against", Summary = "What to compare with: another model, or a LogitsView that an earlier call left for the same batch.", Type = typeof(object) },
            new() { Name = "--mode", Summary = "What the colour means at first.", Type = typeof(LogitsMode), Default = LogitsMode.Loss },
            new() { Name = "--top-k", Summary = "How many guesses are told for each position.", Type = typeof(int), Default = 5 },
            new() { Name = "--top-p", Summary = "Overlays what sampling with this nucleus would cut, above 0 to 1.", Type = typeof(double) },
            new() { Name = "--keep-top-k", Summary = "Overlays what sampling among so many of the likeliest (top_k) would cut.", Type = typeof(int) },
            new() { Name = "--min-p", Summary = "Overlays what sampling would cut that is less than this fraction as likely as the likeliest, 0 to 1.", Type = typeof(double) },
            new() { Name = "--top-a", Summary = "Overlays what sampling would cut that is less likely than this fraction of the likeliest one's squared probability, 0 to 1.", Type = typeof(double) },
            new() { Name = "--max-tokens", Summary = "Positions shown at most.", Type = typeof(int), Default = 400 },
            MagicInputs.Title, MagicInputs.As("logitsView"),
        ],
        Examples =
        [
            "#!xt-logits batch --model net --tokenizer tokenizer --ignore-index 0 --top-p 0.9",
            "#!xt-logits batch --model net --keep-top-k 40 --min-p 0.05",
            "#!xt-logits batch --model net --against before --title \"step 300\"",
        ],
        Run = static (call, _) => MagicInputs.Show(call, () => Read(call)),
    };

    private static IView Read(MagicCall call)
    {
        var ids = MagicInputs.Batch(call);
        var view = Read(call, "--model", ids, call.Get<string>("--title"));
        switch (call.Values.GetValueOrDefault("--against"))
        {
            case null:
                return view;
            case LogitsView earlier:
                return Compare(view, earlier);
            case LogitsComparison { Views: [var earlier, ..] }:
                return Compare(view, earlier);
            default:
                return Compare(view, Read(call, "--against", ids, "the other"));
        }
    }

    // Both need a name, or nobody knows which strip is which.
    private static LogitsComparison Compare(LogitsView view, LogitsView other)
    {
        if (other.Count != view.Count || other.NumTokens != view.NumTokens)
        {
            throw new MagicException($"--against shows {Words.Count(other.Count, "position")} of a vocabulary of {Words.Number(other.NumTokens)}, but --model gives "
                + $"{Words.Number(view.Count)} of {Words.Number(view.NumTokens)}; compare views of one batch.");
        }
        // Of one length alone, any two batches could be compared.
        var pairs = view.Tokens.Zip(other.Tokens);
        if (pairs.FirstOrDefault(pair => pair.First.Text != pair.Second.Text) is { First: { } here, Second: { } there })
        {
            throw new MagicException($"--against shows another text: row {here.Row}, position {here.Position} is \"{there.Text}\" there and \"{here.Text}\" here; "
                + "compare views of one batch, with the same --tokenizer.");
        }
        if (other.Counted != view.Counted || pairs.Any(pair => (pair.First.State == TargetState.Ignored) != (pair.Second.State == TargetState.Ignored)))
        {
            throw new MagicException((other.Counted == view.Counted ? "--against counts other targets than --model"
                : $"--against counts {Words.Count(other.Counted, "target")}, but --model {Words.Number(view.Counted)}") + "; compare views with the same --ignore-index.");
        }
        return new([view with { Title = view.Title ?? "this model" }, other with { Title = other.Title is { } title && title != (view.Title ?? "this model") ? title : "before" }]);
    }

    private static LogitsView Read(MagicCall call, string model, Tensor ids, string? title)
    {
        var ignored = MagicInputs.Ignored(call);
        var (logits, targets) = MagicInputs.Forward(model, call.Values.GetValueOrDefault(model), ids, ignored);
        return LogitsView.From(logits, targets, new()
        {
            Title = title,
            Token = MagicInputs.Token(call),
            PadId = MagicInputs.Pad(call),
            Real = MagicInputs.RealTargets(call, targets),
            IgnoreIndex = ignored,
            TopK = MagicInputs.Within<int>(call, "--top-k", k => k >= 1, "1 or more"),
            TopP = Given<double>("--top-p", p => p is > 0 and <= 1, "a share above 0 and up to 1"),
            KeepTopK = Given<int>("--keep-top-k", k => k >= 1, "1 or more"),
            MinP = Given<double>("--min-p", p => p is >= 0 and <= 1, "a fraction from 0 to 1"),
            TopA = Given<double>("--top-a", p => p is >= 0 and <= 1, "a fraction from 0 to 1"),
            Mode = call.Require<LogitsMode>("--mode"),
            MaxTokens = MagicInputs.Within<int>(call, "--max-tokens", count => count >= 1, "1 or more"),
        });

        T? Given<T>(string option, Func<T, bool> fits, string wanted) where T : struct =>
            call.Values.GetValueOrDefault(option) is null ? null : MagicInputs.Within(call, option, fits, wanted);
    }
}
