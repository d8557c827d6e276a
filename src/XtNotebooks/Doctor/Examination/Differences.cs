using TorchSharp;
using static TorchSharp.torch;

namespace XtNotebooks.Diagnostics;

/// <summary>How far tensors are apart.</summary>
internal static class Differences
{
    /// <summary>The largest absolute value among the finite ones.</summary>
    public static double Size(Tensor values)
    {
        using var scope = NewDisposeScope();
        return values.numel() == 0 ? 0 : values.detach().nan_to_num(0, 0, 0).abs().max().ToDouble();
    }

    /// <summary>Whether every value is zero; NaN is not.</summary>
    public static bool IsZero(Tensor values)
    {
        using var scope = NewDisposeScope();
        return values.eq(0).all().item<bool>();
    }

    /// <summary>The largest absolute difference; two NaNs are alike, a NaN and a number are infinitely apart.</summary>
    public static double Largest(Tensor a, Tensor b)
    {
        using var scope = NewDisposeScope();
        return a.numel() == 0 ? 0 : Apart(a, b).max().ToDouble();
    }

    /// <summary>[row][position]: the largest absolute difference over the tokens.</summary>
    /// <param name="a">[batch, seq, tokens].</param>
    /// <param name="b">The same shape.</param>
    public static double[][] PerPosition(Tensor a, Tensor b)
    {
        using var scope = NewDisposeScope();
        var most = Apart(a, b).amax([-1]).to(float64).cpu().contiguous().data<double>().ToArray();
        var (rows, columns) = ((int)a.shape[0], (int)a.shape[1]);
        return [.. Enumerable.Range(0, rows).Select(r => most.AsSpan(r * columns, columns).ToArray())];
    }

    /// <summary>‖a − b‖ / ‖b‖ over all tensors as one vector; absent ones are zeros.</summary>
    public static double Relative(IReadOnlyList<Tensor?> a, IReadOnlyList<Tensor?> b)
    {
        using var scope = NewDisposeScope();
        var (apart, size) = (0.0, 0.0);
        for (var i = 0; i < a.Count; i++)
        {
            apart += (a[i], b[i]) switch
            {
                (null, null) => 0,
                ({ } x, null) => Square(x),
                (null, { } y) => Square(y),
                ({ } x, { } y) => Square(x - y),
            };
            size += b[i] is { } g ? Square(g) : 0;
        }
        return size == 0 ? apart == 0 ? 0 : double.PositiveInfinity : Math.Sqrt(apart / size);
    }

    /// <summary>The inner product over all tensors as one vector.</summary>
    public static double Dot(IReadOnlyList<Tensor?> a, IReadOnlyList<Tensor?> b)
    {
        using var scope = NewDisposeScope();
        var sum = 0.0;
        for (var i = 0; i < a.Count; i++)
        {
            if (a[i] is { } x && b[i] is { } y)
                sum += (x.to(float64) * y.to(float64)).sum().ToDouble();
        }
        return sum;
    }

    private static double Square(Tensor x) => x.to(float64).square().sum().ToDouble();

    private static Tensor Apart(Tensor a, Tensor b)
    {
        var apart = (a - b).abs();
        apart = where(a.isnan().logical_and(b.isnan()).logical_or(a.eq(b)), zeros_like(apart), apart);
        return apart.nan_to_num(double.PositiveInfinity, double.PositiveInfinity, double.PositiveInfinity);
    }
}
