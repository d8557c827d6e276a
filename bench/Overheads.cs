using System.Diagnostics.CodeAnalysis;
using XtNotebooks.Data;
using XtNotebooks.Extensibility;
using XtNotebooks.Training;
using XtNotebooks.Transformers;
using XtNotebooks.Views;

namespace XtNotebooks.Bench;

/// <summary>What recording the split loss and showing the live panel add to a training step. Three trainers take a block of steps each in turn, round after
/// round; ratios of processor time are within one round, so that what else the machine does meets all alike.</summary>
internal static class Overheads
{
    public static void Write(TextWriter output, int rounds)
    {
        // Threads that wait for each other would count, too.
        set_num_threads(1);
        output.WriteLine("| model | batch | vocabulary | step | split loss | live panel |");
        output.WriteLine("| --- | --- | --- | --- | --- | --- |");
        foreach (var (dim, depth, rows, length, numTokens, steps) in new[] { (64, 2, 16, 64, 32, 5), (256, 6, 8, 256, 256, 1), (256, 4, 4, 128, 10_000, 1) })
        {
            var (bare, split, panel) = (new List<double>(), new List<double>(), new List<double>());
            using Side plain = new(dim, depth, rows, length, numTokens, split: false, shown: false), recorded = new(dim, depth, rows, length, numTokens, split: true, shown: false),
                shown = new(dim, depth, rows, length, numTokens, split: true, shown: true);
            Side[] sides = [plain, recorded, shown];
            for (var round = 0; round <= rounds; round++)
            {
                // Another order each round: who comes first may find the machine in another state.
                var cost = new double[3];
                for (var i = 0; i < 3; i++)
                    cost[(i + round) % 3] = sides[(i + round) % 3].Train(steps) / steps;
                if (round == 0)
                    continue;
                bare.Add(cost[0]);
                split.Add(cost[1] / cost[0] - 1);
                panel.Add(cost[2] / cost[1] - 1);
            }
            output.WriteLine(FormattableString.Invariant(
                $"| dim {dim}, depth {depth} | {rows} x {length} | {numTokens} | {Statistics.Median(bare) * 1000:0.0} ms | {Statistics.Median(split):+0.0 %;-0.0 %} | {Statistics.Median(panel):+0.0 %;-0.0 %} |"));
        }
        output.WriteLine("Processor time of a step; the panel's is over that of the trainer that records the split.");
    }

    private sealed class Side : IDisposable
    {
        private readonly TransformerWrapper _net;
        private readonly Trainer _trainer;

        public Side(int dim, int depth, int rows, int length, int numTokens, bool split, bool shown)
        {
            _net = new TransformerWrapper(new() { NumTokens = numTokens, MaxSeqLen = length, AttnLayers = new Decoder(new() { Dim = dim, Depth = depth, Heads = 4 }) });
            var batches = SyntheticBatches.Motif(numTokens, 0) with { BatchSize = rows, Length = length, ShortestRow = 8 };
            _trainer = new Trainer(TrainedModel.From(_net), batches, LossSetting.IgnorePads, new() { RecordSplit = split, RecordGradientNorm = true, RecordMemory = true });
            if (shown)
                _trainer.OnStep = new LivePanel(new Page(), "cpu", TimeProvider.System).OnStep;
        }

        /// <returns>Seconds of processor time.</returns>
        public double Train(int steps)
        {
            var before = Now();
            _trainer.Train(steps);
            return (Now() - before).TotalSeconds;
        }

        public void Dispose()
        {
            _trainer.Dispose();
            _net.Dispose();
        }

        private static TimeSpan Now() => OperatingSystem.IsIOS() || OperatingSystem.IsTvOS() ? default : Environment.CpuUsage.TotalTime;
    }

    /// <summary>A notebook that writes what it is shown, as a host does, and throws it away.</summary>
    private sealed class Page : INotebook, IDisplayHandle
    {
        public NotebookHost Host { get; } = new("bench", "1", CanUpdateAfterCell: true, CanInterrupt: true);
        public IReadOnlyList<NotebookVariable> Variables => [];
        public IReadOnlyList<string> NativeLibraryDirectories => [];

        public IDisplayHandle Display(object? value)
        {
            Update(value);
            return this;
        }

        public void Update(object? value) => _ = (value as IView)?.ToHtml() + (value as IView)?.ToText();
        public void Write(string text) { }
        public bool TryGetVariable(string name, [MaybeNullWhen(false)] out NotebookVariable variable) => (variable = null) is not null;
        public void SetVariable(string name, object? value, Type type) { }
        public void AddMagic(MagicCommand magic) { }
        public void RegisterFormatter(Type type, string mimeType, Func<object, string?> format) { }
        public void AddReport(NotebookReport report) { }
    }
}
