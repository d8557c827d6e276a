using System.Reflection;
using TorchSharp;
using static TorchSharp.torch;

namespace XtNotebooks.Training;

/// <summary>The loss of batches that are not ids to be predicted: whatever they are, whatever the model makes of them.</summary>
/// <param name="Of">From a batch to one number.</param>
/// <param name="Counted">How many targets of a batch the loss averages; null where nobody says.</param>
internal sealed record BatchLoss(Func<object, Tensor> Of, Func<object, long>? Counted = null)
{
    /// <summary>The same where the model computes in bfloat16; null where only the loss itself knows what the model takes.</summary>
    public Func<object, Tensor>? OfBFloat16 { get; private init; }

    /// <summary>The loss of a model's output and a target: batches are pairs, or several inputs and the target last, as a tuple or an array.</summary>
    /// <exception cref="ArgumentException">The model takes no tensors, or more than two.</exception>
    public static BatchLoss OfOutput(nn.Module module, Func<Tensor, Tensor, Tensor> loss)
    {
        var (inputs, forward) = Forward(module);
        return new(batch => Of(Parts(batch))) { OfBFloat16 = batch => OfBFloat16(Parts(batch)) };

        Tensor Of(Tensor[] parts) => loss(forward(parts), parts[^1]);

        // Ids stay ids; losses need more digits than bfloat16 has.
        Tensor OfBFloat16(Tensor[] parts) =>
            loss(forward([.. parts[..^1].Select(part => part.is_floating_point() ? part.to(ScalarType.BFloat16) : part)]).to(ScalarType.Float32), parts[^1]);

        Tensor[] Parts(object batch) => Tensors(batch) is { } parts && parts.Length == inputs + 1 ? parts
            : throw new ArgumentException($"A batch is {Describe(batch)}, but the model takes {(inputs == 1 ? "one tensor" : $"{inputs} tensors")} and the loss a target; "
                + $"give tuples or arrays of {inputs + 1} tensors, the target last, or a loss that takes the whole batch.");
    }

    /// <summary>A batch in a few words: its tensors' shapes, or what it says of itself.</summary>
    public static string Describe(object batch) => Tensors(batch) is { } parts ? $"({string.Join(", ", parts.Select(Shape))})"
        : batch is System.Collections.IDictionary named
            ? $"{{{string.Join(", ", named.Keys.Cast<object>().Select(key => $"{key}: {(named[key] is Tensor part ? Shape(part) : named[key])}"))}}}"
        : batch.ToString() is { } said && said != batch.GetType().ToString() ? said : batch.GetType().Name.Split('`')[0];

    /// <summary>Whether a tensor of the batch holds NaN or infinity before any model has seen it.</summary>
    public static bool IsOdd(object batch) =>
        (Tensors(batch) ?? (batch is System.Collections.IDictionary named ? [.. named.Values.OfType<Tensor>()] : [])).Any(part => part.is_floating_point() && !NonFinite.Finite(part));

    private static string Shape(Tensor part) => part.IsInvalid ? "a disposed tensor" : $"[{string.Join(", ", part.shape)}]";

    /// <summary>A function from a notebook's own kind of batch to a scalar; null where it is none.</summary>
    public static BatchLoss? From(object function) => function is Delegate { Method: var method } call && method.ReturnType == typeof(Tensor)
        && call.GetType().GetMethod("Invoke")!.GetParameters() is [var parameter]
        ? new(batch => parameter.ParameterType.IsInstanceOfType(batch) ? (Tensor)Invoke(call, batch)
            : throw new ArgumentException($"A batch is {Describe(batch)}, but the loss takes a {parameter.ParameterType.Name}; make the one what the other wants."))
        : null;

    /// <summary>A function from a notebook's own kind of batch to how many targets it holds; null where it is none.</summary>
    public static Func<object, long>? CountedBy(object function) => function is Delegate { Method: var method } call
        && (method.ReturnType == typeof(long) || method.ReturnType == typeof(int)) && call.GetType().GetMethod("Invoke")!.GetParameters() is [var parameter]
        ? batch => !parameter.ParameterType.IsInstanceOfType(batch)
            ? throw new ArgumentException($"A batch is {Describe(batch)}, but Counted takes a {parameter.ParameterType.Name}; make the one what the other wants.")
            : Convert.ToInt64(Invoke(call, batch), System.Globalization.CultureInfo.InvariantCulture) is >= 0 and var count ? count
            : throw new ArgumentException($"Counted gives less than 0 for a batch of {Describe(batch)}; give the number of targets that its loss averages.")
        : null;

    /// <summary>The tensors of a batch; null where it is not made of tensors alone.</summary>
    public static Tensor[]? Tensors(object batch) => batch switch
    {
        Tensor tensor => [tensor],
        Tensor[] tensors => tensors,
        IReadOnlyList<Tensor> tensors => [.. tensors],
        System.Runtime.CompilerServices.ITuple tuple when Enumerable.Range(0, tuple.Length).All(i => tuple[i] is Tensor) =>
            [.. Enumerable.Range(0, tuple.Length).Select(i => (Tensor)tuple[i]!)],
        _ => null,
    };

    private static (int Inputs, Func<Tensor[], Tensor> Forward) Forward(nn.Module module) => module switch
    {
        nn.Module<Tensor, Tensor> one => (1, parts => one.call(parts[0])),
        nn.Module<Tensor, Tensor, Tensor> two => (2, parts => two.call(parts[0], parts[1])),
        nn.Module<Tensor, Tensor, Tensor, Tensor> three => (3, parts => three.call(parts[0], parts[1], parts[2])),
        _ => throw new ArgumentException($"{module.GetName()} takes something else than one to three tensors; give a loss that takes the whole batch and calls the model itself."),
    };

    private static object Invoke(Delegate call, object batch)
    {
        try
        {
            return call.DynamicInvoke(batch)!;
        }
        catch (TargetInvocationException e) when (e.InnerException is not null)
        {
            System.Runtime.ExceptionServices.ExceptionDispatchInfo.Throw(e.InnerException);
            throw;
        }
    }
}
