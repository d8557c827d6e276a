namespace XtNotebooks.Transformers;

/// <summary>Keys and values that a decoder keeps between steps, so that each step computes its new tokens only.</summary>
/// <remarks>
/// Room for the whole sequence is taken once; a step writes behind what is there. Pass the cache with the new token ids alone:
/// positions continue where it ends.
/// </remarks>
public sealed class KvCache : IDisposable
{
    private readonly List<LayerCache> _layers = [];

    /// <summary>Creates an empty cache.</summary>
    /// <param name="capacity">Number of positions to take room for; more are possible, at the price of a copy.</param>
    public KvCache(long capacity)
    {
        if (capacity <= 0) throw new ArgumentException($"The capacity of a KvCache must be at least 1, but is {capacity}.", nameof(capacity));
        Capacity = capacity;
    }

    /// <summary>Positions there is room for.</summary>
    public long Capacity { get; }

    /// <summary>Positions held.</summary>
    public long Length { get; private set; }

    /// <summary>Number of sequences held; null while it is empty.</summary>
    internal long? Batch => _layers.Select(l => l.Batch).FirstOrDefault(b => b is not null);

    internal LayerCache Layer(int index)
    {
        while (_layers.Count <= index) _layers.Add(new LayerCache(Capacity));
        return _layers[index];
    }

    private int? _runs;

    /// <summary>Each step runs the layers as often: every run has keys and values of its own.</summary>
    internal void RunsEach(int times)
    {
        if ((_runs ??= times) != times)
            throw new ArgumentException($"The Cache was begun with layers that ran {_runs} times, but RecycleSteps or LoopedSteps is {times} now: keep to one, or start a new cache.");
    }

    internal void Advance(long count) => Length += count;

    /// <summary>Picks (and repeats) sequences: beam b continues from sequence <paramref name="indices"/>[b].</summary>
    /// <param name="indices">[newBatch], int64.</param>
    /// <exception cref="ArgumentException">They are not whole numbers in one dimension, or name a sequence that is not held.</exception>
    public void Reorder(Tensor indices)
    {
        ArgumentNullException.ThrowIfNull(indices);
        if (indices.dtype is not (ScalarType.Int64 or ScalarType.Int32)) throw new ArgumentException($"indices must be integers, but are {indices.dtype}.");
        if (indices.Dimensions != 1 || indices.shape[0] == 0) throw new ArgumentException($"indices must be [newBatch], at least one, but are {indices.Shape()}.");
        if (Batch is { } held)
        {
            using var scope = NewDisposeScope();
            foreach (var index in indices.to(ScalarType.Int64).cpu().data<long>().ToArray())
                if (index < 0 || index >= held) throw new ArgumentException($"indices must be from 0 to {held - 1}, since the cache holds {held} sequences, but one is {index}.");
        }
        Pick(indices);
    }

    /// <summary>Picks sequences that are known to be held.</summary>
    internal void Pick(Tensor indices)
    {
        foreach (var layer in _layers) layer.Reorder(indices);
    }

    /// <summary>Forgets everything held.</summary>
    public void Clear()
    {
        foreach (var layer in _layers) layer.Dispose();
        _layers.Clear();
        Length = 0;
        _runs = null;
    }

    /// <summary>Frees the tensors.</summary>
    public void Dispose() => Clear();
}

/// <summary>One layer's keys and values, [batch, kvHeads, length, dimHead], in a buffer with room to grow.</summary>
internal sealed class LayerCache(long capacity) : IDisposable
{
    private Tensor? _keys;
    private Tensor? _values;
    private long _length;

    public bool IsEmpty => _length == 0;

    public long? Batch => IsEmpty ? null : _keys!.shape[0];

    /// <summary>Adds new positions and returns all that are held, as views.</summary>
    public (Tensor Keys, Tensor Values) Append(Tensor keys, Tensor values)
    {
        var count = keys.shape[2];
        EnsureRoom(ref _keys, keys, _length + count);
        EnsureRoom(ref _values, values, _length + count);
        using (var at = _keys!.narrow(2, _length, count)) at.copy_(keys);
        using (var at = _values!.narrow(2, _length, count)) at.copy_(values);
        _length += count;
        return Held;
    }

    /// <summary>What is held, as views.</summary>
    public (Tensor Keys, Tensor Values) Held => (_keys!.narrow(2, 0, _length), _values!.narrow(2, 0, _length));

    public void Reorder(Tensor indices)
    {
        if (_keys is null || _values is null) return;
        (_keys, var oldKeys) = (_keys.index_select(0, indices).DetachFromDisposeScope(), _keys);
        (_values, var oldValues) = (_values.index_select(0, indices).DetachFromDisposeScope(), _values);
        oldKeys.Dispose();
        oldValues.Dispose();
    }

    public void Dispose()
    {
        _keys?.Dispose();
        _values?.Dispose();
    }

    private void EnsureRoom(ref Tensor? buffer, Tensor like, long needed)
    {
        if (buffer is not null && buffer.shape[2] >= needed) return;
        var room = buffer is null ? Math.Max(needed, capacity) : Math.Max(needed, 2 * buffer.shape[2]);
        var larger = empty([like.shape[0], like.shape[1], room, like.shape[3]], dtype: like.dtype, device: like.device).DetachFromDisposeScope();
        if (buffer is not null)
        {
            using var from = buffer.narrow(2, 0, _length);
            using var to = larger.narrow(2, 0, _length);
            to.copy_(from);
            buffer.Dispose();
        }
        buffer = larger;
    }
}
