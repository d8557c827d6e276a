using TorchSharp;
using static TorchSharp.torch;

namespace XtNotebooks.Data;

/// <summary>Token sequences of different lengths in one rectangle, and what is needed to tell tokens from padding.</summary>
public sealed class PaddedBatch : IDisposable
{
    private PaddedBatch(Tensor ids, Tensor lengths, Tensor mask, long padId, PaddingSide side) =>
        (Ids, Lengths, Mask, PadId, Side) = (ids, lengths, mask, padId, side);

    /// <summary>[batch, seq] int64: tokens and pads.</summary>
    public Tensor Ids { get; }

    /// <summary>[batch] int64: how many tokens each row has.</summary>
    public Tensor Lengths { get; }

    /// <summary>[batch, seq] bool: true where a token is, false where a pad is.</summary>
    public Tensor Mask { get; }

    /// <summary>The id that fills rows up.</summary>
    public long PadId { get; }

    /// <summary>Where rows are filled up.</summary>
    public PaddingSide Side { get; }

    /// <summary>Rows.</summary>
    public long Batch => Ids.shape[0];

    /// <summary>Tokens and pads in a row.</summary>
    public long Seq => Ids.shape[1];

    /// <summary>Pads one list of rows up to a rectangle.</summary>
    /// <param name="rows">Token ids, each row at least one.</param>
    /// <param name="padId">The id that fills up.</param>
    /// <param name="side">Where.</param>
    /// <param name="length">The width; null for the longest row's. Longer rows are an error: nothing is cut in silence.</param>
    /// <param name="device">Where the tensors are made; null for the processor.</param>
    /// <exception cref="ArgumentException">There is no row, an empty one, or one longer than <paramref name="length"/>; the message says which.</exception>
    public static PaddedBatch From(
        IReadOnlyList<long[]> rows, long padId, PaddingSide side = PaddingSide.Right, int? length = null, Device? device = null)
    {
        ArgumentNullException.ThrowIfNull(rows);
        if (rows.Count == 0)
            throw new ArgumentException("A batch needs at least one row.");
        var width = length ?? rows.Max(row => row.Length);
        var ids = Enumerable.Repeat(padId, rows.Count * width).ToArray();
        var mask = new bool[ids.Length];
        for (var i = 0; i < rows.Count; i++)
        {
            if (rows[i].Length == 0)
                throw new ArgumentException($"Row {i} of the batch is empty; leave empty texts out.");
            if (rows[i].Length > width)
                throw new ArgumentException($"Row {i} has {rows[i].Length} tokens, more than the length of {width}; give a larger length or cut the row.");
            var start = i * width + (side == PaddingSide.Left ? width - rows[i].Length : 0);
            rows[i].CopyTo(ids, start);
            mask.AsSpan(start, rows[i].Length).Fill(true);
        }
        using var scope = NewDisposeScope();
        return new PaddedBatch(
            Keep(tensor(ids, [rows.Count, width]), device), Keep(tensor([.. rows.Select(row => (long)row.Length)]), device),
            Keep(tensor(mask, [rows.Count, width]), device), padId, side);
    }

    /// <summary>A batch of tensors that are padded already.</summary>
    /// <param name="ids">[batch, seq], any integer type.</param>
    /// <param name="lengths">[batch]: how many tokens each row has.</param>
    /// <param name="padId">The id that fills up.</param>
    /// <param name="side">Where.</param>
    /// <exception cref="ArgumentException">Shapes do not fit, or a length is not within 1 to seq.</exception>
    public static PaddedBatch From(Tensor ids, Tensor lengths, long padId, PaddingSide side = PaddingSide.Right)
    {
        ArgumentNullException.ThrowIfNull(ids);
        ArgumentNullException.ThrowIfNull(lengths);
        if (ids.dim() != 2 || lengths.dim() != 1 || ids.shape[0] != lengths.shape[0])
            throw new ArgumentException(
                $"The ids must be [batch, seq] and the lengths [batch], but they are [{string.Join(", ", ids.shape)}] and [{string.Join(", ", lengths.shape)}].");
        using var scope = NewDisposeScope();
        var counts = lengths.to(ScalarType.Int64);
        var seq = ids.shape[1];
        if (counts.min().item<long>() < 1 || counts.max().item<long>() > seq)
            throw new ArgumentException($"Every length must be within 1 and {seq}, but they go from {counts.min().item<long>()} to {counts.max().item<long>()}.");
        var position = arange(seq, device: ids.device).unsqueeze(0);                  // [1, seq]
        var mask = side == PaddingSide.Right ? position.lt(counts.unsqueeze(1)) : position.ge(seq - counts.unsqueeze(1));
        return new PaddedBatch(
            Keep(ids.to(ScalarType.Int64, copy: true), null), Keep(counts.clone(), null), Keep(mask, null), padId, side);
    }

    /// <summary>The same batch on another device; this one is still to be disposed of.</summary>
    public PaddedBatch To(Device device)
    {
        using var scope = NewDisposeScope();
        return new PaddedBatch(
            Keep(Ids.to(device, copy: true), null), Keep(Lengths.to(device, copy: true), null), Keep(Mask.to(device, copy: true), null), PadId, Side);
    }

    /// <summary>Frees the three tensors.</summary>
    public void Dispose()
    {
        Ids.Dispose();
        Lengths.Dispose();
        Mask.Dispose();
    }

    /// <summary>Shape, share of pads and side, for people.</summary>
    public override string ToString()
    {
        using var tokens = Lengths.sum();
        return FormattableString.Invariant(
            $"PaddedBatch [{Batch}, {Seq}], {1 - tokens.item<long>() / (double)(Batch * Seq):P0} pads (id {PadId}, {(Side == PaddingSide.Left ? "left" : "right")})");
    }

    // A batch is freed by its owner, not by the scope it happens to be made in.
    private static Tensor Keep(Tensor tensor, Device? device) => (device is null ? tensor : tensor.to(device)).DetachFromDisposeScope();
}

/// <summary>Where rows are filled up.</summary>
public enum PaddingSide
{
    /// <summary>After the tokens: what training usually does.</summary>
    Right,

    /// <summary>Before the tokens: what decoding of unequal prompts usually does.</summary>
    Left,
}
