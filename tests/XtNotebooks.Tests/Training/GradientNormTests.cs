using TorchSharp;
using TorchSharp.Modules;
using XtNotebooks.Training;
using static TorchSharp.torch;

namespace XtNotebooks.Tests.Training;

public sealed class GradientNormTests : IDisposable
{
    private readonly DisposeScope scope = NewDisposeScope();

    public void Dispose() => scope.Dispose();

    private static Parameter With(Tensor gradient)
    {
        var parameter = nn.Parameter(zeros_like(gradient));
        parameter.grad = gradient;
        return parameter;
    }

    [Fact]
    public void It_is_that_of_all_gradients_however_they_lie()
    {
        using var generator = new Generator(3);
        Tensor Gradient(params long[] shape) => randn(shape, generator: generator);
        Parameter[] parameters =
        [
            With(Gradient(7, 13)), With(Gradient(3)), With(tensor(2.5f)), With(Gradient(64, 65).t()), With(Gradient(0)), With(Gradient(6, 10)[.., ..5]),
            With(Gradient(5, 3).to(float64)), With(Gradient(9).to(bfloat16)), nn.Parameter(ones(4)),
        ];
        var sum = parameters.Where(p => p.grad is not null).Sum(p => p.grad!.to(float64).square().sum().item<double>());
        Assert.Equal(Math.Sqrt(sum), GradientNorm.Of(parameters), 1e-3);
        // What lies in main memory is added up in double precision.
        Assert.Equal(Math.Sqrt(parameters[..3].Sum(p => p.grad!.to(float64).square().sum().item<double>())), GradientNorm.Of(parameters[..3]), 1e-12);
        Assert.Equal(1e30, GradientNorm.Of([With(tensor(new[] { 1e30f, 0, 0, 0, 0, 0, 0, 0, 0 }))]), 1e24);
        Assert.Equal(0, GradientNorm.Of([]));
    }

    [Theory]
    [InlineData(float.NaN, 0)]
    [InlineData(float.NaN, 16)]
    [InlineData(float.PositiveInfinity, 3)]
    public void It_is_not_finite_where_a_gradient_is_not(float value, int at)
    {
        var gradient = zeros(17);
        gradient[at] = value;
        Assert.False(double.IsFinite(GradientNorm.Of([With(gradient)])));
    }
}
