using TorchSharp;
using TorchSharp.Modules;
using XtNotebooks.Diagnostics;
using static TorchSharp.torch;

namespace XtNotebooks.Tests.Diagnostics;

/// <summary>What a tiny transformer is made of, the mistakes included.</summary>
internal sealed record TinyOptions
{
    public int Inputs { get; init; } = Texts.Vocabulary;
    public int Outputs { get; init; } = Texts.Vocabulary;
    public int MaxLength { get; init; } = 32;
    public int Layers { get; init; } = 1;
    public bool Causal { get; init; } = true;
    public int Diagonal { get; init; } = 1;
    public bool UsesMask { get; init; }
    public bool MinusInfinity { get; init; }
    public bool MaskFromIds { get; init; }
    public bool MaskReachesQueries { get; init; }
    public bool UsesDocuments { get; init; }
    public bool DocumentsInFirstLayerOnly { get; init; }
    public TinyPositions Positions { get; init; } = TinyPositions.Learned;
    public bool ResetsPositions { get; init; }
    public double Dropout { get; init; }
    public bool DropoutAlways { get; init; }
    public bool HidesDropout { get; init; }
    public long? PrefixEndsWith { get; init; }
    public bool LooksAhead { get; init; }
    public bool Unused { get; init; }
    public bool Detached { get; init; }
    public bool ZeroGate { get; init; }
    public bool LowRank { get; init; }
    public bool OffsetGate { get; init; }
    public bool TokensSecond { get; init; }
    public double Scale { get; init; } = 1;
    public bool UsesSource { get; init; }
    public bool UsesSourceMask { get; init; } = true;
    public bool CountsCalls { get; init; }
}

internal enum TinyPositions { None, Learned, FromMask, DividedByWidth }

/// <summary>A transformer of a few hundred weights that can be built wrong in many ways.</summary>
internal sealed class TinyModel : nn.Module<Tensor, Tensor>
{
    private const int Dim = 8;
    private readonly TinyOptions options;
    private readonly Embedding tokens;
    private readonly Embedding? places;
    private readonly ModuleList<TinyLayer> layers;
    private readonly Linear output;
    private readonly Linear? unused;
    private readonly Dropout? dropout;
    private readonly Parameter? low, high;
    private readonly Dropout[] hidden;
    private readonly Tensor calls;

    public TinyModel(TinyOptions? options = null) : base(nameof(TinyModel))
    {
        this.options = options ??= new();
        manual_seed(7);
        tokens = nn.Embedding(options.Inputs, Dim);
        places = options.Positions is TinyPositions.Learned or TinyPositions.FromMask ? nn.Embedding(options.MaxLength, Dim) : null;
        layers = nn.ModuleList(Enumerable.Range(0, options.Layers).Select(_ => new TinyLayer(Dim, options.ZeroGate, options.OffsetGate)).ToArray());
        output = nn.Linear(Dim, options.Outputs);
        unused = options.Unused ? nn.Linear(Dim, Dim) : null;
        dropout = options.Dropout > 0 && !options.HidesDropout ? nn.Dropout(options.Dropout) : null;
        hidden = options.HidesDropout ? [nn.Dropout(0.3)] : [];
        (low, high) = options.LowRank ? (nn.Parameter(randn(Dim, 2)), nn.Parameter(zeros(2, Dim))) : (null, null);
        calls = zeros(1);
        register_buffer("calls", calls);
        RegisterComponents();
    }

    public override Tensor forward(Tensor ids) => Run(DoctorBatch.FromIds(ids));

    public Tensor Run(DoctorBatch batch)
    {
        using var scope = NewDisposeScope();
        var ids = batch.Inputs;
        var (rows, length) = (ids.shape[0], ids.shape[1]);
        if (options.CountsCalls)
        {
            using var _ = no_grad();
            calls.add_(1);
        }
        var x = tokens.call(ids); // [batch, seq, dim]
        x = Placed(x, batch, length);
        if (dropout is not null)
            x = dropout.call(x);
        if (options.DropoutAlways)
            x = nn.functional.dropout(x, 0.3, training: true);
        foreach (var silent in hidden)
            x = silent.call(x);
        if (options.Detached)
            x = x.detach();
        var allowed = Allowed(batch, rows, length); // [batch, query, key]
        for (var i = 0; i < options.Layers; i++)
        {
            var here = options.UsesDocuments && (i == 0 || !options.DocumentsInFirstLayerOnly) && batch.Documents is { } documents
                ? allowed.logical_and(documents.unsqueeze(-1).eq(documents.unsqueeze(-2))) : allowed;
            x = layers[i].Attend(x, x, here, options.MinusInfinity);
        }
        if (options.UsesSource && batch.Source is { } source)
        {
            var seen = options.UsesSourceMask && batch.SourceMask is { } mask ? mask.unsqueeze(1) : ones(rows, 1, source.shape[1], dtype: @bool);
            x = layers[0].Attend(x, tokens.call(source), seen.expand(rows, length, source.shape[1]), false);
        }
        if (options.LooksAhead)
            x = x + cat([x.narrow(1, 1, length - 1), zeros_like(x.narrow(1, 0, 1))], 1) * 0.5;
        if (low is not null && high is not null)
            x = x + x.matmul(low).matmul(high);
        var logits = output.call(x) * options.Scale;
        return scope.MoveToOuter(options.TokensSecond ? logits.transpose(1, 2) : logits);
    }

    private Tensor Placed(Tensor x, DoctorBatch batch, long length)
    {
        var index = batch.Positions ?? arange(length).unsqueeze(0);
        if (options.Positions == TinyPositions.FromMask && Real(batch) is { } real)
            index = (real.to(int64).cumsum(-1) - 1).clamp(min: 0);
        if (options.ResetsPositions && batch.Documents is { } documents)
            index = arange(length).unsqueeze(0) - documents.unsqueeze(-1).ne(documents.unsqueeze(-2)).logical_and(ones(length, length, dtype: @bool).tril()).sum(-1);
        return options.Positions switch
        {
            TinyPositions.None => x,
            TinyPositions.DividedByWidth => x + (arange(length, dtype: float32) / length).reshape(1, -1, 1),
            _ => x + places!.call(index),
        };
    }

    private Tensor? Real(DoctorBatch batch) => options.MaskFromIds ? batch.Inputs.ne(Texts.Pad) : batch.Mask;

    private Tensor Allowed(DoctorBatch batch, long rows, long length)
    {
        var allowed = ones(length, length, dtype: @bool).unsqueeze(0).expand(rows, length, length);
        if (options.Causal)
            allowed = ones(length, length, dtype: @bool).triu(options.Diagonal).logical_not().unsqueeze(0).expand(rows, length, length);
        if (options.PrefixEndsWith is { } separator)
        {
            var prefix = batch.Inputs.eq(separator).to(int64).flip(1).cumsum(1).flip(1).gt(0); // up to and with the separator
            allowed = allowed.logical_or(prefix.unsqueeze(1).logical_and(prefix.unsqueeze(2)));
        }
        if ((options.UsesMask || options.MaskFromIds) && Real(batch) is { } real)
        {
            allowed = allowed.logical_and(real.unsqueeze(1));
            if (options.MaskReachesQueries)
                allowed = allowed.logical_and(real.unsqueeze(2));
        }
        return allowed;
    }
}

/// <summary>One head of attention with a residual.</summary>
internal sealed class TinyLayer : nn.Module
{
    private readonly Linear q, k, v;
    private readonly Parameter? gate;
    private readonly int offset;

    public TinyLayer(int dim, bool zeroGate, bool offsetGate) : base(nameof(TinyLayer))
    {
        (q, k, v) = (nn.Linear(dim, dim, hasBias: false), nn.Linear(dim, dim, hasBias: false), nn.Linear(dim, dim));
        gate = zeroGate ? nn.Parameter(zeros(1)) : offsetGate ? nn.Parameter(full(dim, -1f)) : null;
        offset = offsetGate ? 1 : 0;
        RegisterComponents();
    }

    public Tensor Attend(Tensor x, Tensor context, Tensor allowed, bool minusInfinity)
    {
        var scores = q.call(x).matmul(k.call(context).transpose(1, 2)) / 2.8;
        scores = scores.masked_fill(allowed.logical_not(), minusInfinity ? double.NegativeInfinity : -1e9);
        var mixed = scores.softmax(-1).matmul(v.call(context));
        return x + (gate is null ? mixed : mixed * (gate + offset));
    }
}
