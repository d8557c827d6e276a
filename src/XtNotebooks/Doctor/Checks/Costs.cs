using TorchSharp;
using static TorchSharp.torch;

namespace XtNotebooks.Diagnostics;

/// <summary>How much of the loss and of the gradient some of the trained positions make up.</summary>
internal static class Costs
{
    /// <summary>Adds the shares of <paramref name="places"/> to a finding.</summary>
    public static Finding WithShares(this Finding finding, Examination exam, TargetReading reading, IReadOnlyCollection<(int Row, int Column)> places)
    {
        if (exam.Clean is not { Calls: 1 } clean || clean.Logits.shape[1] != reading.Columns || clean.Logits.shape[0] != reading.Rows)
            return finding;
        using var scope = NewDisposeScope();
        var chosen = Mask(places, reading);
        var losses = Losses(clean.Logits, reading);
        var weighted = losses * Grid(reading.Weight);
        var lossShare = Share((weighted * chosen).sum().ToDouble(), weighted.sum().ToDouble());
        double? gradientShare = null;
        if (clean.LogitGradient is { } gradient)
        {
            var squares = gradient.to(float64).cpu().square().sum(-1);
            gradientShare = Share((squares * chosen).sum().ToDouble(), squares.sum().ToDouble());
        }
        return finding with { LossShare = lossShare, GradientShare = gradientShare };
    }

    /// <summary>The mean loss of <paramref name="places"/> on the model's own logits, nats.</summary>
    public static double Mean(Examination exam, TargetReading reading, IReadOnlyCollection<(int Row, int Column)> places) => Mean(exam.Clean!.Logits, reading, places);

    /// <summary>The mean loss of <paramref name="places"/> on the given logits, nats.</summary>
    public static double Mean(Tensor logits, TargetReading reading, IReadOnlyCollection<(int Row, int Column)> places)
    {
        using var scope = NewDisposeScope();
        return (Losses(logits, reading) * Mask(places, reading)).sum().ToDouble() / Math.Max(1, places.Count);
    }

    private static Tensor Losses(Tensor logits, TargetReading reading)
    {
        var targets = tensor(reading.Target.SelectMany(r => r).Select(t => Math.Max(t, 0)).ToArray(), device: CPU).reshape(reading.Rows, reading.Columns, 1);
        return -logits.detach().to(float64).cpu().log_softmax(-1).gather(-1, targets).squeeze(-1).nan_to_num(0, 0, 0);
    }

    private static Tensor Mask(IReadOnlyCollection<(int Row, int Column)> places, TargetReading reading)
    {
        var mask = new double[reading.Rows * reading.Columns];
        foreach (var (row, column) in places)
            mask[row * reading.Columns + column] = 1;
        return tensor(mask, device: CPU).reshape(reading.Rows, reading.Columns);
    }

    private static Tensor Grid(double[][] values) => tensor(values.SelectMany(r => r).ToArray(), device: CPU).reshape(values.Length, -1);

    private static double? Share(double part, double whole) => whole > 0 && double.IsFinite(whole) && double.IsFinite(part) ? part / whole : null;
}
