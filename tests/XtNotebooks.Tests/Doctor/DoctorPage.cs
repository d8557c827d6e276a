using System.Text;
using XtNotebooks.Diagnostics;

namespace XtNotebooks.Tests.Diagnostics;

/// <summary>Writes docs/doctor.md: what is said of the checks comes from the checks, the table from examining the gallery.</summary>
internal static class DoctorPage
{
    public static string Write()
    {
        var page = new StringBuilder(Introduction);
        page.Append("\n## The checks\n\n| | check | question | how it finds out | met in |\n| --- | --- | --- | --- | --- |\n");
        foreach (var check in Doctor.Checks)
            page.Append($"| {check.Number} | `{check.Name}` | {check.Question} | {check.How} | [{Short(check.Thread)}]({check.Thread}) |\n");
        Gallery(page);
        return page.ToString();
    }

    private static void Gallery(StringBuilder page)
    {
        var (sick, well) = (GalleryTests.Sick, GalleryTests.Well);
        var named = sick.Count(c => Named(GalleryTests.Examined(c), c));
        var accused = well.Count(c => GalleryTests.Examined(c).IsSick);
        page.Append("\n## The gallery\n\nThe tests examine every set-up below and write this section.\n\n");
        page.Append("| | named | not named |\n| --- | --- | --- |\n");
        page.Append($"| sick set-ups ({sick.Count}) | {named} | {sick.Count - named} |\n");
        page.Append($"| healthy set-ups ({well.Count}) | {accused} | {well.Count - accused} |\n");
        page.Append("\nIn the tables, ● is a finding, ○ one that is said to follow from another, a an advice, · a check that passed, and an empty cell one "
            + "that could not be made with what the set-up gives. Columns are the checks' numbers.\n");
        page.Append("\n### Sick\n\n");
        Table(page, sick);
        page.Append("\n### Healthy, many of them odd\n\n");
        Table(page, well);
        page.Append("\n### Rebuilt from public threads\n\n| thread | set-up | named by |\n| --- | --- | --- |\n");
        foreach (var (it, thread) in sick.SelectMany(c => c.Threads.Select(t => (c, t))))
        {
            var parts = thread.Split('#');
            page.Append($"| [{thread}](https://github.com/{parts[0]}/issues/{parts[1]}) | {it.Name} | `{it.Sick}` |\n");
        }
    }

    private static void Table(StringBuilder page, IReadOnlyList<Case> cases)
    {
        page.Append("| set-up |").Append(string.Concat(Doctor.Checks.Select(c => $" {c.Number} |"))).Append('\n');
        page.Append("| --- |").Append(string.Concat(Doctor.Checks.Select(_ => " :-: |"))).Append('\n');
        foreach (var it in cases)
        {
            var report = GalleryTests.Examined(it);
            page.Append($"| {it.Name} |").Append(string.Concat(report.Outcomes.Select(o => $" {Sign(o)} |"))).Append('\n');
        }
    }

    private static string Sign(CheckOutcome outcome) => outcome.Status switch
    {
        CheckStatus.Passed => "·",
        CheckStatus.NotChecked => " ",
        _ when outcome.Findings.All(f => f.Severity == Severity.Advice) => "a",
        _ => outcome.Findings.Any(f => f.FollowsFrom is null) ? "●" : "○",
    };

    private static bool Named(DoctorReport report, Case it) => report.Findings.Any(f => f.Check == it.Sick);

    private static string Short(string thread)
    {
        var parts = new Uri(thread).AbsolutePath.Trim('/').Split('/');
        return $"{parts[0]}/{parts[1]}#{parts[3]}";
    }

    private const string Introduction = """
        # The doctor

        Loss bugs do not crash. A model trained on its own padding, on itself, or on the token after next still gives a curve that falls. The doctor
        takes your model, your batch and your loss, changes what must not matter (or must), and tells you what is wrong, what it costs, and how to
        mend it in one line. Nothing of this package is required: a model is any TorchSharp module or function from ids to logits.

        <!-- before:
        using TorchSharp;
        using static TorchSharp.torch;
        using XtNotebooks.Data;
        using XtNotebooks.Transformers;
        var net = new TransformerWrapper(new() { NumTokens = 32, MaxSeqLen = 64, AttnLayers = new Decoder(new() { Dim = 32, Depth = 1, Heads = 2 }) });
        var ids = SyntheticBatches.Motif(seed: 1).First().Ids;
        -->
        ```csharp
        using XtNotebooks.Diagnostics;

        var report = Doctor.Examine(net, ids, new()
        {
            Loss = (logits, targets) => nn.functional.cross_entropy(logits[.., ..^1].transpose(1, 2), targets[.., 1..], ignore_index: 0),
            PadId = 0,
        });
        report                            // in a notebook: the page; report.ToText() for a log, report.ToJson() for other programs
        ```

        In a training script, `report.ThrowIfSick()` stops at a warning or an error.

        In a notebook the same is `#!xt-doctor --model net --batch ids --loss loss --pad 0 --eos 1`; with `--fail-on warning` the cell fails, and with it
        `xt-notebooks run`, whose exit code is then 1.

        ## What to give

        | | |
        | --- | --- |
        | model | a module, `(Tensor ids) => …`, or `(DoctorBatch batch) => …` where it needs a mask, documents, positions or an encoder's source. It must take them from its argument: the doctor hands it changed batches. An `AutoregressiveWrapper` brings its own loss. |
        | batch | ids, `[batch, seq]`, or a `DoctorBatch` with labels, mask, documents and source. Take one with rows of different lengths. |
        | `Loss` | of logits and targets (the labels, or else the ids), giving one number. `[batch, seq, tokens]` or `[batch, tokens, seq]` is found out. |
        | `BatchLoss` | instead of `Loss`, where the loss calls the model itself: `(net, batch) => …`. It must call the `net` it is given. |
        | `PadId`, `EosId` | they may be the same id. A mask in the batch wins over the pad id. |
        | `Metric` | with the arguments of the loss, giving a number. |
        | `Step`, `Optimizer` | runs one of your optimizer steps over the micro-batches it is given; then the denominator is looked at over accumulated batches too. Best is a step that clears its gradients when it begins and leaves them at its end; of one that clears them afterwards the change of the weights is judged, and with dropout it cannot be. |
        | `Module` | the module behind a function, so that its weights can be watched and put back. |
        | `Denominator`, `IgnoreIndex`, `AllowedWithoutGradient`, `Untrained` | what is unusual on purpose. |

        A check that lacks something says what to give; it never says that it passed. Errors and warnings are accusations, an advice is not: it is
        right in some set-ups.

        ## What it leaves behind

        Nothing: weights, buffers, gradients, the optimizer's state, the training mode of every submodule and the default random generator are
        afterwards what they were, to the bit, also when a check throws or the examination is cancelled. What it cannot put back: the random generator
        of a CUDA device, which TorchSharp does not let anybody read, and whatever your own functions keep, such as a learning-rate schedule. Meanwhile it holds a copy of the
        weights, and with `Step` of the optimizer's state.

        It costs less than 20 forward and 6 backward passes of the batch. Most questions cost none: what a loss trains, at which positions, towards which
        token and with what weight, is read from its own gradient at made-up logits, without running the model.

        ## What it cannot see

        Losses whose targets are not tokens (rewards, contrastive pairs, CTC) are examined only as far as they do not need targets. A loss that calls the
        model more than once, or draws random numbers, leaves some checks unmade. A position is called a pad by the mask, or by a run of the pad id at a
        row's end; where the pad id also ends texts, the first of the run is the end of the text.

        """;
}
