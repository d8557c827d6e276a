using XtNotebooks.Views;

namespace XtNotebooks.Diagnostics;

/// <summary>The token sequences that a batch stands for, whatever form inputs and labels have, and which of the tokens are real.</summary>
internal sealed class Sequences
{
    /// <summary>[row][place]: the ids. One place longer than the inputs where labels were shifted before the loss got them.</summary>
    public required long[][] Ids { get; init; }

    /// <summary>[row][place]: a token of the text, not a pad.</summary>
    public required bool[][] Real { get; init; }

    /// <summary>[row][position] of the labels; null where the loss gets the inputs.</summary>
    public required long[][]? Labels { get; init; }

    /// <summary>Whether pads are known: from a mask or a pad id.</summary>
    public required bool KnowsPads { get; init; }

    /// <summary>Whether a mask tells the pads, not the ids.</summary>
    public required bool MaskTells { get; init; }

    /// <summary>Whether the labels are the inputs moved by one already.</summary>
    public required bool LabelsShifted { get; init; }

    public int Rows => Ids.Length;
    public int Places => Rows == 0 ? 0 : Ids[0].Length;
    public bool HasPads => Real.Any(row => row.Contains(false));
    public long PadCount => Real.Sum(row => row.LongCount(r => !r));

    /// <summary>Rows in which pads stand before the first real token.</summary>
    public IEnumerable<int> LeftPadded() => Enumerable.Range(0, Rows).Where(r => !Real[r][0] && Real[r].Contains(true));

    /// <summary>Rows in which pads stand after the last real token.</summary>
    public IEnumerable<int> RightPadded() => Enumerable.Range(0, Rows).Where(r => !Real[r][^1] && Real[r].Contains(true));

    public int FirstReal(int row) => Array.IndexOf(Real[row], true);

    public int LastReal(int row) => Array.LastIndexOf(Real[row], true);

    /// <summary>Reads a batch. A run of pad ids at either end of a row is padding unless a mask says otherwise; where the pad id also ends texts,
    /// the first of a run at the end is the end of the text.</summary>
    public static Sequences Of(DoctorBatch batch, DoctorOptions options, long vocabulary)
    {
        var inputs = TensorRows.Ids(batch.Inputs);
        var labels = batch.Labels is null ? null : TensorRows.Ids(batch.Labels).ToArray();
        var real = batch.Mask is not null
            ? TensorRows.Flags(batch.Mask).Select(row => row.ToArray()).ToArray()
            : inputs.Select(row => RealByPad(row, options.PadId, options.EosId)).ToArray();
        var shifted = labels is not null && LooksShifted(inputs, labels, real);
        var ids = inputs.Select(row => row.ToArray()).ToArray();
        if (shifted)
            (ids, real) = WithLastLabel(ids, real, labels!, options, vocabulary);
        return new()
        {
            Ids = ids,
            Real = real,
            Labels = labels,
            KnowsPads = batch.Mask is not null || options.PadId is not null,
            MaskTells = batch.Mask is not null,
            LabelsShifted = shifted,
        };
    }

    private static bool[] RealByPad(long[] row, long? pad, long? eos)
    {
        var real = Enumerable.Repeat(true, row.Length).ToArray();
        if (pad is not { } id)
            return real;
        var (first, last) = (0, row.Length - 1);
        while (first < row.Length && row[first] == id)
            real[first++] = false;
        while (last >= first && row[last] == id)
            real[last--] = false;
        if (eos == pad && last + 1 < row.Length && last >= first)
            real[last + 1] = true;
        return real;
    }

    private static bool LooksShifted(IReadOnlyList<long[]> inputs, long[][] labels, bool[][] real)
    {
        var (shifted, same, seen) = (0, 0, 0);
        for (var r = 0; r < labels.Length; r++)
        {
            for (var t = 0; t + 1 < labels[r].Length && t + 1 < inputs[r].Length; t++)
            {
                if (labels[r][t] < 0 || !real[r][t + 1])
                    continue;
                seen++;
                shifted += labels[r][t] == inputs[r][t + 1] ? 1 : 0;
                same += labels[r][t] == inputs[r][t] ? 1 : 0;
            }
        }
        return seen > 0 && shifted >= 0.9 * seen && shifted > same;
    }

    private static (long[][] Ids, bool[][] Real) WithLastLabel(long[][] ids, bool[][] real, long[][] labels, DoctorOptions options, long vocabulary)
    {
        var (moreIds, moreReal) = (new long[ids.Length][], new bool[ids.Length][]);
        for (var r = 0; r < ids.Length; r++)
        {
            var n = ids[r].Length;
            (moreIds[r], moreReal[r]) = (new long[n + 1], new bool[n + 1]);
            (moreIds[r][0], moreReal[r][0]) = (ids[r][0], real[r][0]);
            for (var t = 0; t < n; t++)
            {
                var here = t + 1 < n && real[r][t + 1];
                var label = labels[r][t];
                var ends = !here && real[r][t] && label >= 0 && label < vocabulary && (label != options.PadId || label == options.EosId);
                moreIds[r][t + 1] = here ? ids[r][t + 1] : ends ? label : t + 1 < n ? ids[r][t + 1] : options.PadId ?? -1;
                moreReal[r][t + 1] = here || ends;
            }
        }
        return (moreIds, moreReal);
    }
}
