namespace XtNotebooks.Losses;

/// <summary>What the same batch and weights would have reported under other settings, where these logits tell.</summary>
/// <remarks>Logits tell when every counted target has the logits that the setting would have made: no input that the target's logits depend on
/// would be another, and attention would see the same positions. Settings follow x-transformers' autoregressive wrapper: it replaces the ignored id
/// by <c>pad_value</c> (default 0) in the inputs, after it took the targets; <c>lens</c> turns what lies beyond into the ignored id first.</remarks>
internal static class Counterfactuals
{
    private const long Default = -100;

    public static IReadOnlyList<LossCounterfactual> Of(TokenBatch batch, bool causal, long? padValueSeen)
    {
        var view = new View(batch, causal, padValueSeen ?? batch.PadId);
        var list = new List<LossCounterfactual>
        {
            view.Evaluate("wrapper's defaults", "new AutoregressiveWrapper(net)", counts: i => view.Target(i) != Default, labelSeen: 0),
            view.Evaluate("manual, no ignore_index", "cross_entropy(net(x)[.., ..^1], x[.., 1..])", counts: i => view.Target(i) != Default),
        };
        if (batch.PadId is not { } pad)
            return list;
        list.Add(view.Evaluate("manual, ignore_index: pad", $"cross_entropy(net(x)[.., ..^1], x[.., 1..], ignore_index: {pad})", i => view.Target(i) != pad));
        list.Add(view.Evaluate(pad == 0 ? "ignoreIndex: pad" : "ignoreIndex: pad, padValue: pad", $"new AutoregressiveWrapper(net, ignoreIndex: {pad}, padValue: {pad})", i => view.Target(i) != pad));
        if (pad != 0)
            list.Add(view.Evaluate("ignoreIndex: pad", $"new AutoregressiveWrapper(net, ignoreIndex: {pad})", i => view.Target(i) != pad, padSeen: 0));
        list.Add(Lens(view, causal));
        list.Add(view.Evaluate("mask:", "wrapper.forward(x, mask: mask)", i => view.Target(i) != Default, masksPads: true, labelSeen: 0));
        list.Add(new("maskProb: 0.15", "new AutoregressiveWrapper(net, maskProb: 0.15)", null, null, true, "it hides random tokens from attention"));
        return list;
    }

    private static LossCounterfactual Lens(View view, bool causal)
    {
        const string setting = "lens:", code = "wrapper.forward(x, lens: lengths)";
        if (view.PaddedLeft)
            return new(setting, code, null, null, false, "lengths count from the first token: with left padding they would cut real tokens off");
        return view.Evaluate(setting, code, i => view.WithinLength(i) && view.Target(i) != Default,
            padSeen: causal ? view.Pad : 0);
    }

    /// <summary>The batch as the inputs and targets that a wrapper would make of it.</summary>
    private sealed class View
    {
        private readonly TokenBatch batch;
        private readonly bool causal;
        private readonly long? seen;
        private readonly int[] lastReal;
        private readonly int[] firstReal;

        public View(TokenBatch batch, bool causal, long? seen)
        {
            (this.batch, this.causal, this.seen) = (batch, causal, seen);
            var spans = Enumerable.Range(0, batch.Rows).Select(batch.RealSpan).ToList();
            (firstReal, lastReal) = ([.. spans.Select(s => s.First)], [.. spans.Select(s => s.Last)]);
            PaddedLeft = batch.PaddedLeft();
        }

        public bool PaddedLeft { get; }

        public long Pad => batch.PadId!.Value;

        public long Target(int i) => batch.Targets[i];

        public bool WithinLength(int i) => i % batch.Columns <= lastReal[i / batch.Columns];

        /// <param name="setting">Its name.</param>
        /// <param name="code">How it is written.</param>
        /// <param name="counts">Whether it counts a target.</param>
        /// <param name="padSeen">What the model would see in place of a pad; null for the pad itself.</param>
        /// <param name="masksPads">Whether pads are hidden from attention.</param>
        /// <param name="labelSeen">What the model would see where -100 marks what is no token; null for what it saw.</param>
        public LossCounterfactual Evaluate(
            string setting, string code, Func<int, bool> counts, long? padSeen = null, bool masksPads = false, long? labelSeen = null)
        {
            var counted = Enumerable.Range(0, batch.Length).Where(counts).ToList();
            if (counted.FirstOrDefault(i => batch.Outside[i], -1) is var bad and >= 0)
                return new(setting, code, null, counted.Count, false, $"it would fail: the data holds {Target(bad)}, which is then no ignored id");
            if (counted.Count == 0)
                return new(setting, code, null, 0, false, "nothing to learn from: it would report NaN");
            if (!Sees(counts, padSeen ?? batch.PadId, masksPads, labelSeen))
            {
                return new(setting, code, null, counted.Count, true,
                    masksPads && Sees(counts, padSeen ?? batch.PadId, masksPads: false, labelSeen) ? "it hides pads from attention that counted targets look at"
                    : Sees(counts, padSeen ?? batch.PadId, masksPads, labelSeen: null) ? $"the model would see {labelSeen} where it saw {seen?.ToString(System.Globalization.CultureInfo.InvariantCulture) ?? "something else"}"
                    : $"the model would see {padSeen ?? batch.PadId} where it saw {seen}");
            }
            return new(setting, code, counted.Average(i => batch.Losses[i]), counted.Count, false, "");
        }

        // Whether no counted target's logits depend on a position that the setting changes.
        private bool Sees(Func<int, bool> counts, long? padSeen, bool masksPads, long? labelSeen)
        {
            for (var row = 0; row < batch.Rows; row++)
            {
                var start = row * batch.Columns;
                var change = Enumerable.Range(0, batch.Columns).FirstOrDefault(column => Changes(row, column, padSeen, masksPads, labelSeen), -1);
                if (change >= 0 && Enumerable.Range(start, batch.Columns).Skip(causal ? change : 0).Any(counts))
                    return false;
            }
            return true;
        }

        // The input at a column is the target one before; the first is not among the targets, and is what fills up where left padding goes on.
        private bool Changes(int row, int column, long? padSeen, bool masksPads, long? labelSeen)
        {
            var start = row * batch.Columns;
            var (id, real) = column > 0 ? (Target(start + column - 1), batch.Real[start + column - 1])
                : PaddedLeft && firstReal[row] != 0 ? (Target(start), false) : ((long?)null, true);
            return (masksPads && !real)
                || (padSeen != seen && id is not null && id == batch.PadId)
                || (labelSeen is not null && labelSeen != seen && id == Default && !real);
        }
    }
}
