using System.Text.RegularExpressions;
using XtNotebooks.Extensibility;
using XtNotebooks.Kernel.Scripting;

namespace XtNotebooks.Docs.Tests.Snippets;

/// <summary>The examples that --help and docs/magics.md show run, each once, on a model of a few thousand parameters.</summary>
public sealed class MagicExampleTests
{
    private const string SetUp = """
        using TorchSharp;
        using static TorchSharp.torch;
        using XtNotebooks.Data;
        using XtNotebooks.Transformers;

        manual_seed(0);
        var tokenizer = new ByteTokenizer();
        var net = new TransformerWrapper(new() { NumTokens = tokenizer.NumTokens, MaxSeqLen = 128, AttnLayers = new Decoder(new() { Dim = 16, Depth = 1, Heads = 2 }) });
        var names = SampleData.FirstNames.Take(100).ToList();
        var batches = new TextBatches(names, tokenizer, new() { BatchSize = 4, Length = 12, Eos = true });
        var (batch, source, target) = (batches.First(), batches.First(), batches.First());
        var (logits, targets) = (net.forward(batch.Ids)[.., ..^1].detach(), batch.Ids[.., 1..]);
        Func<Tensor, Tensor, Tensor> smoothed = (logits, targets) =>
            nn.functional.cross_entropy(logits.flatten(0, 1), targets.flatten(), ignore_index: 0, label_smoothing: 0.1);

        // What the doctor looks at: rows of several lengths, their end the id 1, pads of 0.
        var ids = PaddedBatch.From([[5, 6, 7, 8, 9, 1], [10, 11, 1], [12, 13, 14, 15, 1], [16, 17, 18, 1]], padId: 0).Ids;
        var wrapper = new AutoregressiveWrapper(net, ignoreIndex: 0);
        Func<Tensor, Tensor, Tensor> loss = (logits, labels) =>
            nn.functional.cross_entropy(logits[.., ..^1].flatten(0, 1), labels[.., 1..].flatten(), ignore_index: 0);

        var x = ids;
        var regressor = nn.Linear(2, 1);
        var pairs = Enumerable.Range(0, 4).Select(_ => (rand(8, 2), rand(8, 1))).ToList();
        var losses = new Dictionary<string, Func<Tensor, Tensor, Tensor>>
        {
            ["squares"] = (output, target) => (output - target).square().mean(),
            ["distances"] = (output, target) => (output - target).abs().mean(),
        };
        var (squares, apart) = (losses["squares"], pairs.Take(2).ToList());
        """;

    private const string Before = "#!xt-logits batch --model net --as before";

    /// <summary>What an example is given less of, so that it ends at once; an option that it leaves at a long default is added.</summary>
    private static readonly (string Option, int Value, bool Add)[] Least =
        [("--steps", 2, true), ("--tokens", 3, true), ("--evaluate-every", 1, false), ("--warmup", 1, false)];

    [Fact]
    public Task The_examples_of_the_packages_magics_run() =>
        TriedNotebook.RunAsync("the examples", [SetUp, Before, .. Magics.All.SelectMany(magic => magic.Examples.Select(example => Shorter(magic, example)))],
            TestContext.Current.CancellationToken);

    [Fact]
    public async Task The_examples_of_the_kernels_magics_run()
    {
        await using var session = CodeSession.Create(new CodeSessionOptions());
        // A shell is refused unless the host was started for it.
        var examples = session.Magics.All.Where(magic => magic.Name != "#!sh").Where(magic => magic.Examples.Count > 0)
            .Select(magic => string.Join("\n", magic.Examples)).ToList();
        Assert.NotEmpty(examples);
        await TriedNotebook.RunAsync("the kernel's examples", examples, TestContext.Current.CancellationToken);
    }

    private static string Shorter(MagicCommand magic, string example)
    {
        foreach (var (option, value, add) in Least.Where(least => magic.Options.Any(option => option.Name == least.Option)))
        {
            if (Regex.IsMatch(example, $@"{option} \d+"))
                example = Regex.Replace(example, $@"{option} \d+", $"{option} {value}");
            else if (add)
                example += $" {option} {value}";
        }
        return example;
    }
}
