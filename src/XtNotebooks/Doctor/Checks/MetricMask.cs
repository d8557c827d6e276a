using static TorchSharp.torch;
using XtNotebooks.Views;

namespace XtNotebooks.Diagnostics;

/// <summary>Check 13.</summary>
internal sealed class MetricMask : ICheck
{
    private const float Sure = 12;

    public CheckInfo Info { get; } = new(13, "metric-mask", "Does the metric count the tokens that the loss counts?",
        "Gives the metric made-up logits that are right, wrong or flat at one kind of position (pads, masked text, end of text, trained text) and "
        + "looks whether it moves; then pads the batch wider.",
        "https://github.com/huggingface/trl/issues/6803");

    public CheckOutcome Look(Examination exam)
    {
        if (MetricProbe.From(exam) is not { } metric)
            return Info.NotChecked("give --metric");
        if (exam.Reading(out var why) is not { } reading)
            return Info.NotChecked(why);
        if (reading.Count == 0)
            return Info.NotChecked("nothing is trained in this batch");
        using var scope = NewDisposeScope();
        var half = reading.Places().Where((_, i) => i % 2 == 0).ToHashSet();
        var target = Targets(exam, reading);
        float Base(int r, int t) => half.Contains((r, t)) ? Sure : 0;
        if (metric.Settle(exam.Batch, Logits(Base)) is { } failure)
            return Info.NotChecked($"the metric cannot be asked about made-up logits ({failure})");
        var calm = metric.Of(exam.Batch, Logits(Base));
        metric.Of(exam.Batch, Logits((_, _) => 0));
        if (Moves(calm, metric.Of(exam.Batch, Logits(Base))))
            return Info.NotChecked("the metric remembers earlier calls: give one without memory");

        var findings = new List<Finding>();
        var counted = new List<string>();
        foreach (var group in Groups(exam, reading).Where(g => g.Places.Count > 0))
        {
            double With(float at) => metric.Of(exam.Batch, Logits((r, t) => group.Places.Contains((r, t)) ? at : Base(r, t)));
            var (right, wrong, flat) = (With(Sure), With(-Sure), With(0));
            var moves = Moves(right, wrong) || Moves(right, flat);
            if (moves && group.Trained)
                counted.Add($"{Words.Number(group.Places.Count)} {group.Name}");
            if (moves == group.Trained)
                continue;
            findings.Add(group.Trained
                ? Info.Finding(Severity.Advice, $"The metric does not depend on the {Words.Number(group.Places.Count)} {group.Name} that the loss counts.", "Count the same tokens in metric and loss, if they are meant to be compared.")
                : Info.Finding(Severity.Warning,
                    $"The metric counts {Words.Number(Shown(group.Places))} {group.Name} that the loss leaves out: it goes from {Words.Short(wrong)} to {Words.Short(right)} by what the model says there.",
                    "Mask the metric as the loss is masked: average over `targets != ignore_index` alone."));
        }
        if (!findings.Any(f => f.Severity == Severity.Warning) && Diluted(exam, reading, metric, calm) is { } diluted)
            findings.Add(diluted);
        if (findings.Count > 0)
            return Info.Found(findings);
        return Info.Passed($"the metric counts {string.Join(" and ", counted)}, and nothing else");

        // A row's last position has no token after it to be counted.
        int Shown(HashSet<(int Row, int Column)> places) => places.Count(p => exam.Alignment(reading).Place(p.Column) < exam.Sequences.Places) is > 0 and var inside ? inside : places.Count;
        Tensor Logits(Func<int, int, float> sure) => MadeUp(exam, reading.Rows, reading.Columns, target, sure);
    }

    /// <summary>A metric that divides by masked places as well moves when more of them are added, though nothing else changes.</summary>
    private Finding? Diluted(Examination exam, TargetReading reading, MetricProbe metric, double calm)
    {
        const int more = 4;
        if (PadFill.Of(exam) is not { } fill || PadFill.RunsAreAmbiguous(exam))
            return null;
        try
        {
            var left = exam.Sequences.LeftPadded().Any();
            var wide = Variants.Wider(exam.Batch, more, left, fill.Input, fill.Label);
            if (exam.Read(wide) is not { Calls: 1 } again || again.Count != reading.Count || again.Columns != reading.Columns + more)
                return null;
            var offset = left ? more : 0;
            var half = reading.Places().Where((_, i) => i % 2 == 0).Select(p => (p.Row, p.Column + offset)).ToHashSet();
            var moved = metric.Of(wide, MadeUp(exam, again.Rows, again.Columns, again.Target, (r, t) => half.Contains((r, t)) ? Sure : 0));
            return !Moves(calm, moved) ? null : Info.Finding(Severity.Warning,
                $"The metric divides by places that the loss leaves out: with {more} more columns of padding it goes from {Words.Short(calm)} to {Words.Short(moved)}, though no answer changes.",
                "Mask the metric as the loss is masked: average over `targets != ignore_index` alone.");
        }
        catch (Exception error) when (exam.IsTheirs(error))
        {
            return null;
        }
    }

    private static IEnumerable<(string Name, bool Trained, HashSet<(int, int)> Places)> Groups(Examination exam, TargetReading reading)
    {
        var (texts, eos) = (exam.Sequences, exam.Options.EosId);
        var alignment = exam.Alignment(reading);
        bool IsPad(int r, int t) => alignment.Place(t) is { } at && (at >= texts.Places || !texts.Real[r][Math.Max(at, 0)]);
        bool IsEnd(int r, int t) => eos is not null && reading.Target[r][t] == eos;
        var all = from r in Enumerable.Range(0, reading.Rows) from t in Enumerable.Range(0, reading.Columns) select (Row: r, Column: t);
        var (trained, left) = (all.Where(p => reading.Trained[p.Row][p.Column]).ToList(), all.Where(p => !reading.Trained[p.Row][p.Column]).ToList());
        yield return ("pads", false, [.. left.Where(p => IsPad(p.Row, p.Column))]);
        yield return ("masked text tokens", false, [.. left.Where(p => !IsPad(p.Row, p.Column))]);
        yield return ("ends of text", true, [.. trained.Where(p => IsEnd(p.Row, p.Column))]);
        yield return ("text tokens", true, [.. trained.Where(p => !IsEnd(p.Row, p.Column))]);
    }

    /// <summary>What each position should say: what is trained, else the token that follows.</summary>
    private static long[][] Targets(Examination exam, TargetReading reading)
    {
        var (texts, shift) = (exam.Sequences, exam.Alignment(reading).Shift ?? 0);
        return [.. reading.Target.Select((row, r) => row.Select((target, t) =>
        {
            if (target >= 0)
                return target;
            var at = t + shift;
            var id = at >= 0 && at < texts.Places ? texts.Ids[r][at] : -1;
            return id >= 0 && id < exam.Vocabulary ? id : 0;
        }).ToArray())];
    }

    /// <summary>Logits of zero but for the target's, or where <paramref name="sure"/> is negative for the token after the target.</summary>
    private static Tensor MadeUp(Examination exam, int rows, int columns, long[][] target, Func<int, int, float> sure)
    {
        var (tokens, strengths) = (new long[rows * columns], new float[rows * columns]);
        for (var i = 0; i < tokens.Length; i++)
        {
            var strength = sure(i / columns, i % columns);
            tokens[i] = (Math.Max(target[i / columns][i % columns], 0) + (strength < 0 ? 1 : 0)) % exam.Vocabulary;
            strengths[i] = Math.Abs(strength);
        }
        var device = exam.Batch.Inputs.device;
        return zeros(rows, columns, exam.Vocabulary, dtype: exam.MadeUpKind, device: device)
            .scatter_(-1, tensor(tokens, device: device).reshape(rows, columns, 1), tensor(strengths, device: device).to(exam.MadeUpKind).reshape(rows, columns, 1));
    }

    private static bool Moves(double a, double b) => double.IsNaN(a) != double.IsNaN(b) || Math.Abs(a - b) > 1e-5 * Math.Max(1, Math.Abs(a));
}
