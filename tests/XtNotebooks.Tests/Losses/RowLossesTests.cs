using TorchSharp;
using XtNotebooks.Losses;
using static TorchSharp.torch;

namespace XtNotebooks.Tests.Losses;

public sealed class RowLossesTests : IDisposable
{
    private readonly DisposeScope scope = NewDisposeScope();

    public void Dispose() => scope.Dispose();

    [Theory]
    [InlineData(1, 1, 1)]
    [InlineData(3, 7, 5)]
    [InlineData(2, 9, 33)]
    [InlineData(4, 64, 4000)] // more than one thread
    public void Read_in_place_is_what_torch_computes(int batch, int seq, int numTokens)
    {
        using var generator = new Generator(3);
        // As a model's logits come: the last position is cut off, so that rows lie apart.
        var logits = (randn([batch, seq + 1, numTokens], generator: generator) * 20)[.., ..^1];
        var targets = randint(0, numTokens, [batch, seq], dtype: int64, generator: generator);
        Assert.True(RowLosses.Reads(logits));
        Same(TokenLosses.PerToken(logits.to(float64), targets), RowLosses.Of(logits, targets.data<long>().ToArray()));
        Same(TokenLosses.PerToken(logits[.., 0..1].to(float64), targets[.., 0..1]), RowLosses.Of(logits[.., 0..1], targets[.., 0..1].contiguous().data<long>().ToArray()));
    }

    [Fact]
    public void What_lies_otherwise_is_not_read_in_place()
    {
        Assert.False(RowLosses.Reads(zeros(2, 3, 4).transpose(1, 2)));
        Assert.False(RowLosses.Reads(zeros(2, 1, 4).expand(2, 3, 4)));
        Assert.False(RowLosses.Reads(zeros(2, 3, 4, dtype: float64)));
        Assert.False(RowLosses.Reads(zeros(0, 3, 4)));
        Assert.False(RowLosses.Reads(zeros(3, 4)));
        Assert.True(RowLosses.Reads(zeros(1, 3, 4).expand(5, 3, 4)));
    }

    [Fact]
    public void What_is_not_finite_and_ids_that_are_no_tokens_are_not_a_number_where_they_are()
    {
        var logits = zeros(1, 5, 9);
        logits[0, 1, 2] = float.NaN;
        logits[0, 2, 8] = float.PositiveInfinity;
        logits[0, 3, 0] = float.NegativeInfinity;
        var losses = RowLosses.Of(logits, [1, 1, 1, 0, -100]);
        Assert.Equal(Math.Log(9), losses[0], 1e-6);
        Assert.Equal([double.NaN, double.NaN, double.PositiveInfinity, double.NaN], losses[1..]);
    }

    private static void Same(Tensor expected, double[] actual)
    {
        var values = expected.contiguous().data<double>().ToArray();
        for (var i = 0; i < values.Length; i++)
            Assert.Equal(values[i], actual[i], 1e-5 * Math.Max(1, values[i]));
    }
}
