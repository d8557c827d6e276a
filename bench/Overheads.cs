using System.Diagnostics.CodeAnalysis;
using System.Security.Cryptography;
using System.Text.Json;
using TorchSharp.Modules;
using XtNotebooks.Data;
using XtNotebooks.Extensibility;
using XtNotebooks.Training;
using XtNotebooks.Transformers;
using XtNotebooks.Views;

namespace XtNotebooks.Bench;

/// <summary>What recording the split loss and showing the live panel add to a training step. Each is timed where it happens, within the steps that it is a
/// share of, as processor time of the thread that does it: whole runs with and without differ by more than the share, on any machine.</summary>
internal static class Overheads
{
    // So many that the panel draws nearly as many points as it ever does.
    private const int Before = 240;

    public static void Write(TextWriter output, int rounds)
    {
        // Threads that wait for each other would count, too.
        set_num_threads(1);
        output.WriteLine("| model | batch | vocabulary | step | split loss | gradient norm, memory | live panel |");
        output.WriteLine("| --- | --- | --- | --- | --- | --- | --- |");
        foreach (var (dim, depth, rows, length, numTokens, steps) in new[] { (64, 2, 16, 64, 32, 50), (256, 6, 8, 256, 256, 8), (256, 4, 4, 128, 10_000, 16) })
        {
            using var run = new Run(dim, depth, rows, length, numTokens);
            run.Train(steps / 4 + 1);
            var costs = Enumerable.Range(0, rounds).Select(_ => run.Train(steps)).ToList();
            output.WriteLine(FormattableString.Invariant(
                $"| dim {dim}, depth {depth} | {rows} x {length} | {numTokens} | {Statistics.Median(costs.Select(cost => cost.Step)) * 1000:0.0} ms | {Share(cost => cost.Split)} | {Share(cost => cost.Read)} | {Share(cost => cost.Panel)} |"));

            string Share(Func<Costs, double> part)
            {
                var shares = costs.Select(cost => part(cost) / cost.Step).ToList();
                return FormattableString.Invariant($"{Statistics.Median(shares):0.00 %} ({shares.Min():0.00 %} to {shares.Max():0.00 %})");
            }
        }
        output.WriteLine("Processor time, shares of the step without them; medians (and extremes) of the rounds.");
    }

    /// <summary>Seconds of one step.</summary>
    /// <param name="Step">The step without the others.</param>
    /// <param name="Split">The losses of real tokens and pads.</param>
    /// <param name="Read">The gradient's norm and the process's memory, which the panel shows and any run can record.</param>
    /// <param name="Panel">What the panel does on the training thread and on its own.</param>
    private sealed record Costs(double Step, double Split, double Read, double Panel);

    private sealed class Run : IDisposable
    {
        private readonly TransformerWrapper net;
        private readonly Trainer trainer;
        private readonly Page page = new();
        private readonly LivePanel panel;
        private readonly Parameter[] parameters;
        private StepSums? sums;
        private double split, counted, read, told;

        public Run(int dim, int depth, int rows, int length, int numTokens)
        {
            net = new TransformerWrapper(new() { NumTokens = numTokens, MaxSeqLen = length, AttnLayers = new Decoder(new() { Dim = dim, Depth = depth, Heads = 4 }) });
            parameters = [.. net.parameters()];
            panel = new LivePanel(page, "cpu", TimeProvider.System);
            for (var step = 1; step <= Before; step++)
                panel.OnStep(new("run", new() { Step = step, ReportedLoss = 3 + Math.Sin(step), RealLoss = 4, PadLoss = 1 + Math.Cos(step) }, 10 * Before, null));
            var batches = SyntheticBatches.Motif(numTokens, 0) with { BatchSize = rows, Length = length, ShortestRow = 8 };
            trainer = new Trainer(TrainedModel.From(net), batches, new LossSetting("run", Loss), new() { RecordSplit = false }) { OnStep = OnStep };
        }

        public Costs Train(int steps)
        {
            (split, counted, read, told) = (0, 0, 0, 0);
            panel.Drawing.Wait();
            page.Seconds = 0;
            var all = ThreadTime.Of(() => trainer.Train(steps));
            panel.Drawing.Wait();
            return new((all - split - counted - read - told) / steps, (split - counted) / steps, read / steps, (told + page.Seconds) / steps);
        }

        public void Dispose()
        {
            trainer.Dispose();
            net.Dispose();
        }

        // The trainer itself counts targets and reads the loss of every step, split or not; the split is what that takes longer with logits.
        private LossOutput Loss(TrainedModel model, PaddedBatch batch)
        {
            var output = LossSetting.IgnorePads.Loss(model, batch);
            split += ThreadTime.Of(() => (sums = new StepSums()).Add(batch, 1, output.Loss, output.Logits));
            counted += ThreadTime.Of(() => new StepSums().Add(batch, 1, output.Loss, null));
            return output;
        }

        private void OnStep(TrainingProgress progress)
        {
            var (norm, memory) = (0.0, 0L);
            read += ThreadTime.Of(() => (norm, memory) = (GradientNorm.Of(parameters), Environment.WorkingSet));
            var step = sums!.ToStep(Before + progress.Step.Step) with { Duration = progress.Step.Duration, GradientNorm = norm, MemoryBytes = memory };
            told += ThreadTime.Of(() => panel.OnStep(progress with { Step = step, PlannedSteps = 10 * Before }));
        }
    }

    /// <summary>A notebook that writes what it is shown, encodes and signs it, as a host does, and throws it away.</summary>
    private sealed class Page : INotebook, IDisplayHandle
    {
        private static readonly byte[] key = new byte[32];

        public NotebookHost Host { get; } = new("bench", "1", CanUpdateAfterCell: true, CanInterrupt: true);
        public IReadOnlyList<NotebookVariable> Variables => [];
        public IReadOnlyList<string> NativeLibraryDirectories => [];

        /// <summary>Spent on drawing.</summary>
        public double Seconds { get; set; }

        public IDisplayHandle Display(object? value)
        {
            Update(value);
            return this;
        }

        public void Update(object? value) => Seconds += ThreadTime.Of(() =>
        {
            var view = (IView)value!;
            var message = JsonSerializer.SerializeToUtf8Bytes(new Dictionary<string, string> { ["text/html"] = view.ToHtml(), ["text/plain"] = view.ToText() });
            _ = HMACSHA256.HashData(key, message);
        });

        public void Write(string text) { }
        public bool TryGetVariable(string name, [MaybeNullWhen(false)] out NotebookVariable variable) => (variable = null) is not null;
        public void SetVariable(string name, object? value, Type type) { }
        public void AddMagic(MagicCommand magic) { }
        public void RegisterFormatter(Type type, string mimeType, Func<object, string?> format) { }
        public void AddReport(NotebookReport report) { }
    }
}
