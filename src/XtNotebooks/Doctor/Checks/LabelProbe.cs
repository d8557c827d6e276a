using XtNotebooks.Views;

namespace XtNotebooks.Diagnostics;

/// <summary>Finds out what a loss does with a label that is no token.</summary>
internal sealed class LabelProbe(Examination exam)
{
    /// <summary>[row][position]: what the loss gets as targets.</summary>
    public long[][] Labels { get; } = exam.Sequences.Labels ?? [.. TensorRows.Ids(exam.Batch.Inputs)];

    /// <summary>Whether the loss learns something where <paramref name="label"/> stands, or fails because of it.</summary>
    /// <remarks>The places are found by putting two different tokens there and looking where the targets differ: a label that no target comes from
    /// does no harm.</remarks>
    public bool IsTrained(long label)
    {
        if (exam.LossFailure is not null && exam.Batch.Inputs.device.type != TorchSharp.DeviceType.CPU)
            return label != (exam.Options.IgnoreIndex ?? -100);
        var (one, other) = Stands();
        try
        {
            var alone = exam.Read(With(l => IsToken(l) || l == label ? l : one));
            var first = exam.Read(With(l => IsToken(l) ? l : one));
            var second = exam.Read(With(l => IsToken(l) ? l : l == label ? other : one));
            return first.Places().Any(p => first.Target[p.Row][p.Column] != second.Target[p.Row][p.Column] && alone.Trained[p.Row][p.Column]);
        }
        catch (Exception error) when (exam.IsTheirs(error))
        {
            return true;
        }
    }

    private bool IsToken(long label) => label >= 0 && label < exam.Vocabulary;

    /// <summary>Two tokens to put in a label's place: not those that the loss may leave out by their id.</summary>
    private (long, long) Stands()
    {
        var free = Enumerable.Range(0, (int)Math.Min(exam.Vocabulary, 64)).Select(i => exam.Vocabulary - 1 - i)
            .Where(id => id != exam.Options.PadId && id != exam.Options.EosId).Take(2).ToList();
        return free.Count == 2 ? (free[0], free[1]) : (0, exam.Vocabulary - 1);
    }

    private DoctorBatch With(Func<long, long> change)
    {
        var changed = Labels.Select(r => r.Select(change).ToArray()).ToArray();
        return exam.Batch.Labels is null ? Variants.WithInputs(exam.Batch, changed) : Variants.WithLabels(exam.Batch, changed);
    }
}
