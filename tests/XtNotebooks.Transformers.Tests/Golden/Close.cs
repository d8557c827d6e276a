namespace XtNotebooks.Transformers.Tests.Golden;

/// <summary>Comparisons within the tolerances that hold for a right port on another BLAS.</summary>
internal static class Close
{
    public const double Logits = 2e-5;
    public const double Loss = 1e-5;
    public const double Gradient = 2e-5;
    public const double AdamSequence = 1e-4;
    // Adam divides tiny gradients by their own size, rounding and all; the furthest of all cases, ff_solu, is off by 1.3e-4.
    public const double LogitsAfterAdam = 2e-4;

    public static void Assert(string what, Tensor expected, Tensor actual, double tolerance)
    {
        Xunit.Assert.True(expected.shape.SequenceEqual(actual.shape),
            $"{what}: expected shape [{string.Join(", ", expected.shape)}], found [{string.Join(", ", actual.shape)}].");
        if (expected.numel() == 0) return;
        using var scope = NewDisposeScope();
        var difference = (expected.to(ScalarType.Float64) - actual.detach().to(ScalarType.Float64)).abs();
        // Infinities (filtered logits) must stand at the same places.
        difference = difference.masked_fill(expected.isinf() & (expected == actual), 0);
        var worst = difference.max().item<double>();
        Xunit.Assert.True(worst <= tolerance, $"{what}: off by {worst:g3}, more than {tolerance:g3}.");
    }

    public static void Assert(string what, double expected, double actual, double tolerance) =>
        Xunit.Assert.True(Math.Abs(expected - actual) <= tolerance, $"{what}: expected {expected:r}, found {actual:r}, off by more than {tolerance:g3}.");

    public static void Equal(string what, Tensor expected, Tensor actual) =>
        Xunit.Assert.True(expected.shape.SequenceEqual(actual.shape) && expected.equal(actual).all().item<bool>(),
            $"{what}: expected\n{expected.str()}\nfound\n{actual.str()}");
}
