using XtNotebooks.Extensibility;
using XtNotebooks.Transformers;
using static TorchSharp.torch;

namespace XtNotebooks.Views;

/// <summary><c>#!xt-attention</c>: the attention maps of a model for one row of a batch.</summary>
internal static class AttentionMagic
{
    public static MagicCommand Command { get; } = new()
    {
        Name = "#!xt-attention",
        Summary = "Draws the attention maps of every layer and head for one row of a batch.",
        Options =
        [
            MagicInputs.Ids,
            new() { Name = "--model", Summary = "A TransformerWrapper, or the wrapper around it; without flash attention.", Type = typeof(object), Required = true },
            new() { Name = "--row", Summary = "Which row of the batch, from 0.", Type = typeof(int), Default = 0 },
            new() { Name = "--mask", Summary = "The mask given to the model, [batch, seq], true where a key may be seen.", Type = typeof(Tensor) },
            MagicInputs.PadId, MagicInputs.Tokenizer, MagicInputs.Title, MagicInputs.As("attention"),
        ],
        Examples = ["#!xt-attention batch --model net --row 2 --tokenizer tokenizer"],
        Run = static (call, _) => MagicInputs.Show(call, () => Read(call)),
    };

    private static AttentionView Read(MagicCall call)
    {
        var net = call.Require<object>("--model") switch
        {
            TransformerWrapper wrapper => wrapper,
            AutoregressiveWrapper { Net: TransformerWrapper inner } => inner,
            var other => throw MagicInputs.Wrong("--model", other, "a TransformerWrapper, or show other models' maps with AttentionView.From(maps)"),
        };
        var ids = MagicInputs.Batch(call);
        if (ids.dim() == 1)
            ids = ids.unsqueeze(0);
        var row = call.Require<int>("--row");
        if (row < 0 || row >= ids.shape[0])
            throw new MagicException($"--row {row} is no row of the batch; it has rows 0 to {ids.shape[0] - 1}.");
        using var _ = no_grad();
        using var evaluating = MagicInputs.Evaluating(net);
        var one = MagicInputs.Beside(net, ids.slice(0, row, row + 1, 1));
        var given = MagicInputs.Given(call, "--mask");
        if (given is not null && !given.shape.SequenceEqual(ids.shape))
            throw new MagicException($"--mask has the shape [{string.Join(", ", given.shape)}], but the batch is [{string.Join(", ", ids.shape)}]; give one flag for each token.");
        var mask = given is null ? null : MagicInputs.Beside(net, given.slice(0, row, row + 1, 1));
        var values = TensorRows.Ids(one)[0];
        var pad = MagicInputs.Pad(call);
        var token = MagicInputs.Token(call);
        return AttentionView.From(net.Trace(one, new TransformerInputs { Mask = mask }), 0,
            token is null ? null : Around(net.Options, [.. values.Select(token)], i => $"memory {i}", "class"),
            pad is null ? null : Around(net.Options, MagicInputs.Real(call) is { } real ? TensorRows.Flags(real)[row] : [.. values.Select(id => id != pad)], _ => true, true)) with { Title = call.Get<string>("--title") };
    }

    /// <summary>The sequence as the layers see it: with the wrapper's class tokens, and its memory tokens in front or before every run of tokens.</summary>
    private static List<T> Around<T>(TransformerWrapperOptions options, IReadOnlyList<T> sequence, Func<int, T> memory, T other)
    {
        List<T> whole = [.. Enumerable.Repeat(other, options.UseClsToken ? options.NumClsTokens : 0), .. sequence];
        var memories = Enumerable.Range(0, options.NumMemoryTokens ?? 0).Select(memory).ToList();
        if (options.MemoryTokensInterspersedEvery is not { } every)
            return [.. memories, .. whole];
        return [.. whole.Chunk(every).SelectMany(run => (IEnumerable<T>)[.. memories, .. run, .. Enumerable.Repeat(other, every - run.Length)])];
    }
}
