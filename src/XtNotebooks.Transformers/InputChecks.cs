namespace XtNotebooks.Transformers;

/// <summary>Catches what native code would answer with a crash or a riddle.</summary>
internal static class InputChecks
{
    public static void Check(TransformerWrapper net, Tensor ids, TransformerInputs inputs, Device device)
    {
        CheckShape(ids);
        CheckDevice(ids, "Token ids", device);
        var (batch, length) = (ids.shape[0], (inputs.Cache?.Length ?? 0) + ids.shape[1]);
        if (net.HasAbsolutePositions && !net.Options.ScaledSinuPosEmb && length > net.MaxSeqLen)
            throw new ArgumentException($"The sequence has {length} tokens, but MaxSeqLen is {net.MaxSeqLen} and absolute positions reach no further; cut the rows, or make the model with a larger MaxSeqLen.");
        CheckIds(ids, net.NumTokens);
        foreach (var (tensor, name) in new[]
                 {
                     (inputs.Mask, nameof(inputs.Mask)), (inputs.SelfAttnKvMask, nameof(inputs.SelfAttnKvMask)), (inputs.Context, nameof(inputs.Context)),
                     (inputs.ContextMask, nameof(inputs.ContextMask)), (inputs.AttnMask, nameof(inputs.AttnMask)), (inputs.SeqStartPos, nameof(inputs.SeqStartPos)),
                 })
            CheckDevice(tensor, name, device);
        CheckMask(inputs.Mask, nameof(inputs.Mask), batch, ids.shape[1]);
        CheckMask(inputs.SelfAttnKvMask, nameof(inputs.SelfAttnKvMask), batch, length);
        if (inputs.Context is { } context)
        {
            if (context.Dimensions != 3 || context.shape[0] != batch)
                throw new ArgumentException($"Context must be [batch, keys, dim] with a batch of {batch}, but is {context.Shape()}.");
            var width = net.AttnLayers.Options.CrossAttnDimContext ?? net.AttnLayers.Dim;
            if (net.AttnLayers.Options.CrossAttend) CheckHidden(context, nameof(inputs.Context), width, net.TokenEmbedding.Weight);
            CheckMask(inputs.ContextMask, nameof(inputs.ContextMask), batch, context.shape[1]);
        }
        else if (inputs.ContextMask is not null)
        {
            throw new ArgumentException("A ContextMask was passed without a Context: pass both, or neither.");
        }
        if (inputs.SeqStartPos is { } start)
        {
            if (start.dtype is not (ScalarType.Int64 or ScalarType.Int32)) throw new ArgumentException($"SeqStartPos must be integers, but is {start.dtype}.");
            if (start.Dimensions != 1 || start.shape[0] != batch)
                throw new ArgumentException($"SeqStartPos must be [batch] with a batch of {batch}, but is {start.Shape()}.");
            CheckStart(start, length);
        }
        if (inputs.AttnMask is { } attnMask && (attnMask.dtype != ScalarType.Bool || attnMask.Dimensions is < 2 or > 4))
            throw new ArgumentException($"AttnMask must be bool with 2 to 4 dimensions, but is {attnMask.dtype} {attnMask.Shape()}.");
        if (inputs.AttnMask is not null) CheckBroadcast(inputs.AttnMask, batch, length, net);
        SegmentMemories.Check(net, inputs, batch);
        CheckDepth(net, inputs);
        CheckEmbedIds(net, inputs, ids, device);
        if (inputs.Condition is { Dimensions: 3 } condition && condition.shape[1] != 1 && (net.Options.UseClsToken || net.Options.NumMemoryTokens > 0))
            throw new ArgumentException(
                $"A Condition of every position and {(net.Options.UseClsToken ? nameof(net.Options.UseClsToken) : nameof(net.Options.NumMemoryTokens))} cannot be used together: "
                + "pass a Condition of [batch, dimCondition].");
        if (inputs is { Mask: not null, SelfAttnKvMask: null, Cache.Length: > 0 })
            throw new ArgumentException("Mask covers the new tokens alone, but the Cache holds earlier ones: pass a SelfAttnKvMask over all of them.");
        if (inputs.Cache is { Batch: { } held } && held != batch)
            throw new ArgumentException($"The Cache holds {held} sequences, but there are {batch} now: reorder it, or start a new one.");
        if (inputs.AttnMask is not null && inputs.Cache is not null)
            throw new ArgumentException("AttnMask and Cache cannot be used together: pass only one of them.");
        if (inputs.Cache is not null && net.training && net.AttnLayers.Options.LayerDropout > 0)
            throw new ArgumentException("Cache and LayerDropout cannot be used together in training, since a layer left out has nothing to keep: call eval() first.");
        if (inputs.Cache is not null && !net.CanCacheKv)
            throw new ArgumentException("A Cache was passed, but this model cannot reuse keys and values: CanCacheKv is false.");
        if (inputs.Cache is not null && is_grad_enabled() && net.parameters().Any(p => p.requires_grad))
            throw new ArgumentException("A Cache holds values without their gradients: use it inside of torch.no_grad(), or leave it out to learn.");
    }

    private static void CheckDepth(TransformerWrapper net, TransformerInputs inputs)
    {
        foreach (var (steps, name, set, option) in new[]
                 {
                     (inputs.RecycleSteps, nameof(inputs.RecycleSteps), net.Options.Recycling, nameof(net.Options.Recycling)),
                     (inputs.LoopedSteps, nameof(inputs.LoopedSteps), net.Options.Looped, nameof(net.Options.Looped)),
                 })
        {
            if (steps is not null && !set) throw new ArgumentException($"{name} was passed, but {option} is not set.");
            if (steps is <= 0) throw new ArgumentException($"{name} must be at least 1, but is {steps}.");
        }
    }

    private static void CheckEmbedIds(TransformerWrapper net, TransformerInputs inputs, Tensor ids, Device device)
    {
        var given = inputs.EmbedIds ?? new Dictionary<string, Tensor>();
        foreach (var name in given.Keys.Where(n => !net.Options.EmbedNumTokens.ContainsKey(n)))
            throw new ArgumentException($"EmbedIds hold \"{name}\", which EmbedNumTokens does not name.");
        foreach (var (name, size) in net.Options.EmbedNumTokens)
        {
            if (!given.TryGetValue(name, out var extra)) throw new ArgumentException($"EmbedNumTokens names \"{name}\", so EmbedIds must hold ids of that name: {ids.Shape()}.");
            if (!extra.shape.SequenceEqual(ids.shape)) throw new ArgumentException($"EmbedIds[\"{name}\"] must be {ids.Shape()}, but is {extra.Shape()}.");
            if (extra.dtype is not (ScalarType.Int64 or ScalarType.Int32)) throw new ArgumentException($"EmbedIds[\"{name}\"] must be integers, but are {extra.dtype}.");
            CheckDevice(extra, $"EmbedIds[\"{name}\"]", device);
            using var scope = NewDisposeScope();
            if (First((extra < 0) | (extra >= size)) is var (row, column))
                throw new ArgumentException($"EmbedIds[\"{name}\"] has {extra[row, column].ToInt64()} at batch {row}, position {column}, but its ids go from 0 to {size - 1}.");
        }
    }

    /// <summary>Token ids are [batch, seq] whole numbers, and there is at least one.</summary>
    public static void CheckShape(Tensor ids)
    {
        ArgumentNullException.ThrowIfNull(ids);
        if (ids.Dimensions != 2) throw new ArgumentException($"Token ids must be [batch, seq], but are {ids.Shape()}.");
        if (ids.dtype is not (ScalarType.Int64 or ScalarType.Int32 or ScalarType.Int16 or ScalarType.Int8 or ScalarType.Byte))
            throw new ArgumentException($"Token ids must be integers, but are {ids.dtype}.");
        if (ids.numel() == 0) throw new ArgumentException($"Token ids must hold at least one token, but are {ids.Shape()}.");
    }

    /// <summary>What is to be predicted is among what the model can predict: the last token of a sequence is a target without being an input,
    /// and a model may predict fewer tokens than it reads.</summary>
    /// <param name="targets">[batch, seq - 1], int64: each is the token one position later.</param>
    /// <param name="ignoreIndex">Targets equal to it do not count.</param>
    /// <param name="predicted">How many tokens the model predicts.</param>
    public static void CheckTargets(Tensor targets, long ignoreIndex, long predicted)
    {
        using var scope = NewDisposeScope();
        if (First(((targets < 0) | (targets >= predicted)) & (targets != ignoreIndex)) is not (var row, var column)) return;
        throw new ArgumentException(
            $"Token id {targets[row, column].item<long>()} at batch {row}, position {column + 1} cannot be a target: the model predicts ids from 0 to {predicted - 1}"
            + $", and the ignored id is {ignoreIndex}.");
    }

    /// <summary>A tensor is where the model is.</summary>
    public static void CheckDevice(Tensor? tensor, string name, Device device)
    {
        if (tensor is not null && !SameDevice(tensor.device, device))
            throw new ArgumentException($"{name} {(name == "Token ids" ? "are" : "is")} on {tensor.device}, but the model is on {device}: move one of them.");
    }

    /// <summary>One device: the same type and, where both say it, the same index.</summary>
    public static bool SameDevice(Device one, Device other) =>
        one.type == other.type && (one.index == other.index || one.index < 0 || other.index < 0);

    /// <summary>A function of one's own gave what it must: the shape it was given, where the model is, in the model's type.</summary>
    public static Tensor CheckReturned(Tensor? returned, string name, Tensor given)
    {
        if (returned is null) throw new ArgumentException($"{name} must return a tensor of the shape it is given, {given.Shape()}, but returned null.");
        if (!returned.shape.SequenceEqual(given.shape)) throw new ArgumentException($"{name} must return the shape it is given, {given.Shape()}, but returned {returned.Shape()}.");
        if (returned.dtype is ScalarType.Bool or ScalarType.ComplexFloat32 or ScalarType.ComplexFloat64) throw new ArgumentException($"{name} must return real numbers, but returned {returned.dtype}.");
        if (!SameDevice(returned.device, given.device)) throw new ArgumentException($"{name} was given a tensor on {given.device}, but returned one on {returned.device}.");
        return returned.to(given.dtype);
    }

    public static void CheckMask(Tensor? mask, string name, long batch, long length)
    {
        if (mask is null) return;
        if (mask.dtype != ScalarType.Bool) throw new ArgumentException($"{name} must be bool, but is {mask.dtype}.");
        if (mask.Dimensions != 2 || mask.shape[0] != batch || mask.shape[1] != length)
            throw new ArgumentException($"{name} must be [{batch}, {length}], but is {mask.Shape()}.");
    }

    /// <summary>A context goes with every sequence, and its mask with it.</summary>
    public static void CheckContext(Tensor context, Tensor? mask, long batch, long width, Tensor weight)
    {
        CheckHidden(context, nameof(context), width, weight);
        if (context.shape[0] != batch) throw new ArgumentException($"context must be [batch, keys, dim] with a batch of {batch}, but is {context.Shape()}.");
        CheckDevice(mask, "contextMask", weight.device);
        CheckMask(mask, "contextMask", batch, context.shape[1]);
    }

    /// <summary>Hidden states are [batch, seq, width] in the model's own floating type, and where it is.</summary>
    public static void CheckHidden(Tensor x, string name, long width, Tensor weight)
    {
        var dtype = weight.dtype;
        ArgumentNullException.ThrowIfNull(x);
        if (x.Dimensions != 3 || x.shape[2] != width) throw new ArgumentException($"{name} must be [batch, seq, {width}], but is {x.Shape()}.");
        if (x.numel() == 0) throw new ArgumentException($"{name} must hold at least one position, but is {x.Shape()}.");
        if (x.dtype != dtype) throw new ArgumentException($"{name} is {x.dtype}, but the model is {dtype}: convert one of them.");
        CheckDevice(x, name, weight.device);
    }

    private static void CheckBroadcast(Tensor attnMask, long batch, long length, TransformerWrapper net)
    {
        var whole = net.WholeLength(length);
        long[] full = [batch, net.AttnLayers.Options.Heads, whole, whole];
        var shape = attnMask.shape;
        for (var i = 1; i <= shape.Length; i++)
            if (shape[^i] != full[^i] && (shape[^i] != 1 || i == 1))
                throw new ArgumentException(
                    $"AttnMask must fit [{string.Join(", ", full)}] (batch, heads, queries, keys{(whole > length ? "; memory and class tokens count" : "")}), but is {attnMask.Shape()}.");
    }

    public static string Shape(this Tensor tensor) => $"[{string.Join(", ", tensor.shape)}]";

    private static void CheckStart(Tensor start, long length)
    {
        if (start.device.type == DeviceType.META) return;
        using var scope = NewDisposeScope();
        var values = start.to(ScalarType.Int64).cpu().data<long>().ToArray();
        for (var i = 0; i < values.Length; i++)
            if (values[i] < 0 || values[i] >= length)
                throw new ArgumentException($"SeqStartPos must be from 0 to {length - 1}, since there are {length} positions, but is {values[i]} at batch {i}.");
    }

    private static void CheckIds(Tensor ids, long numTokens)
    {
        using var scope = NewDisposeScope();
        // A small integer type would wrap the vocabulary's size.
        var wide = ids.to(ScalarType.Int64);
        if (First((wide < 0) | (wide >= numTokens)) is not (var row, var column)) return;
        var id = wide[row, column].item<long>();
        throw new ArgumentException(
            $"Token id {id} at batch {row}, position {column} is outside the vocabulary: NumTokens is {numTokens}, so ids go from 0 to {numTokens - 1}; mend the ids, or make the model with the tokenizer's NumTokens.");
    }

    // Row and column of the first that is true. Tensors on the meta device have a shape, but no values to look at.
    private static (long Row, long Column)? First(Tensor found)
    {
        if (found.device.type == DeviceType.META || !found.any().item<bool>()) return null;
        var first = found.nonzero()[0];
        return (first[0].item<long>(), first[1].item<long>());
    }
}
