using TorchSharp;
using XtNotebooks.Views;
using static TorchSharp.torch;

namespace XtNotebooks.Diagnostics;

/// <summary>What a loss trains, read from its own gradient at flat logits: at which positions, towards which token, with what weight.</summary>
/// <remarks>The gradient of a cross entropy at a position is weight · (softmax - target): its most negative entry names the target, its size the
/// weight, and a position that is masked has none. It holds for weights per token or class and for label smoothing.</remarks>
internal sealed class TargetReading
{
    /// <summary>[row][position]: is anything learned here?</summary>
    public required bool[][] Trained { get; init; }

    /// <summary>[row][position]: the token learned; -1 where none is.</summary>
    public required long[][] Target { get; init; }

    /// <summary>[row][position]: how much a nat here adds to the loss; 0 where nothing is learned.</summary>
    public required double[][] Weight { get; init; }

    /// <summary>[row][position]: the ids as the model saw them: the loss may have cut, cleaned or hidden some.</summary>
    public required long[][] Seen { get; init; }

    /// <summary>How often the loss called the model.</summary>
    public required int Calls { get; init; }

    /// <summary>The loss value at flat logits, nats.</summary>
    public required double Loss { get; init; }

    /// <summary>The weights' sum as the loss value at flat logits tells it, where the loss is a cross entropy of logits; NaN elsewhere.</summary>
    public required double TotalWeight { get; init; }

    /// <summary>Whether the loss carries a gradient to the logits.</summary>
    public required bool HasGradient { get; init; }

    public int Rows => Trained.Length;
    public int Columns => Trained.Length == 0 ? 0 : Trained[0].Length;
    public int Count => Trained.Sum(row => row.Count(t => t));

    /// <summary>All trained places.</summary>
    public IEnumerable<(int Row, int Column)> Places()
    {
        for (var r = 0; r < Rows; r++)
        {
            for (var c = 0; c < Columns; c++)
            {
                if (Trained[r][c])
                    yield return (r, c);
            }
        }
    }

    /// <summary>Asks <paramref name="objective"/> about <paramref name="batch"/>; no model is run.</summary>
    /// <param name="objective">The loss.</param>
    /// <param name="batch">The batch.</param>
    /// <param name="vocabulary">How many tokens the logits have.</param>
    /// <param name="tokensLast">The order of the logits' dimensions.</param>
    /// <param name="seed">For what the loss draws.</param>
    /// <param name="rough">Whether the logits are drawn instead of flat.</param>
    /// <param name="kind">The kind of number that the logits are.</param>
    public static TargetReading Of(Objective objective, DoctorBatch batch, long vocabulary, bool tokensLast, int seed, bool rough = false, ScalarType kind = ScalarType.Float32)
    {
        using var scope = NewDisposeScope();
        var calls = 0;
        DoctorBatch? seen = null;
        Tensor? leaf = null;
        manual_seed(seed);
        var loss = objective.Of(asked =>
        {
            calls++;
            seen = asked;
            var (rows, columns) = (asked.Inputs.shape[0], asked.Inputs.shape[1]);
            long[] shape = tokensLast ? [rows, columns, vocabulary] : [rows, vocabulary, columns];
            leaf = (rough ? Rough(shape, seed) : zeros(shape)).to(kind, asked.Inputs.device).detach().requires_grad_();
            return leaf;
        }, batch);
        if (seen is null || leaf is null)
            throw new DoctorException("The loss never calls the model it is given: use the first argument, as in (net, batch) => loss(net(batch), batch.Labels).");
        var value = loss.ToDouble();
        var gradient = loss.requires_grad ? Slopes.Of(loss, [leaf])[0] : null;
        return Read(gradient, value, seen, calls, vocabulary, tokensLast);
    }

    private static TargetReading Read(Tensor? gradient, double loss, DoctorBatch seen, int calls, long vocabulary, bool tokensLast)
    {
        var (rows, columns) = ((int)seen.Inputs.shape[0], (int)seen.Inputs.shape[1]);
        var trained = Grid<bool>(rows, columns);
        var target = Grid<long>(rows, columns, -1);
        var weight = Grid<double>(rows, columns);
        var total = double.NaN;
        if (gradient is not null)
        {
            var g = gradient.nan_to_num(0, 0, 0);
            if (!tokensLast)
                g = g.transpose(1, 2); // [batch, seq, tokens]
            var (least, token) = g.min(-1);
            var steepest = least.to(float64).cpu().contiguous().data<double>().ToArray();
            var tokens = token.cpu().contiguous().data<long>().ToArray();
            var drift = Math.Abs(g.sum().ToDouble());
            var scale = steepest.Length == 0 ? 0 : -steepest.Min();
            // Softmax pushes as much mass away as towards the target; a loss of log probabilities has no such counterweight.
            var softmax = drift <= 1e-3 * Math.Max(g.abs().sum().ToDouble(), double.Epsilon);
            for (var i = 0; i < steepest.Length; i++)
            {
                if (-steepest[i] <= 1e-5 * scale || scale == 0)
                    continue;
                trained[i / columns][i % columns] = true;
                target[i / columns][i % columns] = tokens[i];
                weight[i / columns][i % columns] = softmax ? -steepest[i] / (1 - 1.0 / vocabulary) : -steepest[i];
            }
            total = softmax ? loss / Math.Log(vocabulary) : double.NaN;
        }
        return new()
        {
            Trained = trained,
            Target = target,
            Weight = weight,
            Seen = [.. TensorRows.Ids(seen.Inputs)],
            Calls = calls,
            Loss = loss,
            TotalWeight = total,
            HasGradient = gradient is not null,
        };
    }

    private static Tensor Rough(long[] shape, int seed)
    {
        using var chance = new Generator((ulong)seed + 1, device: CPU);
        return randn(shape, dtype: float32, device: CPU, generator: chance);
    }

    private static T[][] Grid<T>(int rows, int columns, T value = default!) =>
        [.. Enumerable.Range(0, rows).Select(_ => Enumerable.Repeat(value, columns).ToArray())];
}
