using System.Numerics;
using System.Runtime.InteropServices;
using TorchSharp;
using TorchSharp.Modules;
using static TorchSharp.torch;

namespace XtNotebooks.Training;

/// <summary>The Euclidean norm of a whole gradient, read where it lies in main memory: a look at it costs less than the smallest operation of torch on each
/// parameter.</summary>
internal static class GradientNorm
{
    /// <param name="parameters">What was trained; those without a gradient count nothing.</param>
    /// <returns>Not a finite number where a gradient holds none.</returns>
    public static double Of(IEnumerable<Parameter> parameters)
    {
        using var scope = NewDisposeScope();
        using var _ = no_grad();
        var sum = 0.0;
        var elsewhere = new List<Tensor>();
        foreach (var parameter in parameters)
        {
            if (parameter.grad is not { } gradient)
                continue;
            if (Reads(gradient))
                sum += Squares(MemoryMarshal.Cast<byte, float>(gradient.bytes));
            else
                elsewhere.Add(gradient.square().sum().to(ScalarType.Float64));
        }
        // A device is waited for once, not for every parameter.
        if (elsewhere.Count > 0)
            sum += stack(elsewhere).sum().item<double>();
        return Math.Sqrt(sum);
    }

    private static bool Reads(Tensor gradient) => gradient.device_type == DeviceType.CPU && gradient.dtype == ScalarType.Float32 && !gradient.is_sparse
        && gradient.is_contiguous() && gradient.numel() <= int.MaxValue / sizeof(float);

    private static double Squares(ReadOnlySpan<float> values)
    {
        var (low, high) = (Vector<double>.Zero, Vector<double>.Zero);
        var vectors = MemoryMarshal.Cast<float, Vector<float>>(values);
        foreach (var vector in vectors)
        {
            Vector.Widen(vector, out var a, out var b);
            low += a * a;
            high += b * b;
        }
        var sum = Vector.Sum(low + high);
        foreach (var value in values[(vectors.Length * Vector<float>.Count)..])
            sum += (double)value * value;
        return sum;
    }
}
