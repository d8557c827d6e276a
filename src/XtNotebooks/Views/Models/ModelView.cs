using System.Globalization;
using TorchSharp;
using XtNotebooks.Extensibility;

namespace XtNotebooks.Views;

/// <summary>A model as a tree: modules, shapes, parameters, cost and memory, and the options that differ from the defaults.</summary>
[TypeFormatterSource(typeof(ViewFormatterSource))]
public sealed record ModelView : IView
{
    /// <summary>A heading; null for none.</summary>
    public string? Title { get; init; }

    /// <summary>The model itself, its parts below it.</summary>
    public required ModelNode Root { get; init; }

    /// <summary>Options of the model that are not the default, by name; empty where it has none or tells none.</summary>
    public required IReadOnlyList<ModelOption> Options { get; init; }

    /// <summary>The input that the shapes of outputs are for, in words; null where no shape is known.</summary>
    public string? Example { get; init; }

    /// <summary>The sequence length for which attention between positions is counted; null where there is none, or no length is known.</summary>
    public long? Length { get; init; }

    /// <summary>The length of what cross-attention reads, where it is another than <see cref="Length"/>.</summary>
    public long? ContextLength { get; init; }

    /// <summary>Classes of modules of which nobody knows what they compute beside their parts and weights, such as attention of their own: that is left out.</summary>
    public IReadOnlyList<string> Unseen { get; init; } = [];

    internal string Rounds { get; init; } = "";

    internal string Apart { get; init; } = "";

    /// <summary>Looks at any TorchSharp module.</summary>
    /// <param name="module">The model; its weights are only read. For shapes it runs in evaluation mode, without gradients.</param>
    /// <param name="options">The record it was built from, if it has no property <c>Options</c> of its own.</param>
    /// <param name="example">An input to tell the shapes of all layers' outputs for: a tensor, several as an array or a tuple, or a padded batch. A
    /// <c>TransformerWrapper</c> needs none: it is shown by names, [batch, seq, dim].</param>
    /// <param name="length">The sequence length to count attention between positions for, which grows with it; the example's unless given, or else the
    /// longest that the model takes. Cross-attention is taken to read as much.</param>
    /// <exception cref="ArgumentException">The example does not go through the model, or the length does not fit it.</exception>
    public static ModelView From(torch.nn.Module module, object? options = null, object? example = null, long? length = null) =>
        ModelReading.Read(module, options, example, length);

    /// <summary>Shows every module of the notebook this way.</summary>
    public static void Register(INotebook notebook)
    {
        ArgumentNullException.ThrowIfNull(notebook);
        foreach (var formatter in ViewFormatters.For<torch.nn.Module>(module => From(module)))
            notebook.RegisterFormatter(typeof(torch.nn.Module), formatter.MimeType, formatter.Write);
    }

    /// <summary>The model in one sentence.</summary>
    public string Sentence => string.Create(CultureInfo.InvariantCulture,
        $"{Root.Type}: {Words.Count(Root.Parameters, "parameter")} ({TensorSummary.Size(Root.Bytes)}{(Root.Trainable < Root.Parameters ? $", {Words.Number(Root.Trainable)} of them trainable" : "")}), about {ModelHtml.Big(Root.AllFlopsPerToken)} FLOPs a token forward in matrix products{Rounds}{Attention}{LeftOut}.");

    private string Attention => Length is not { } length ? Apart
        : $", {ModelHtml.Big(Root.AttentionFlopsPerToken)} of them attention between {Words.Count(length, "position")}{(ContextLength is { } context ? $", {Words.Number(context)} in the source" : "")}";

    private string LeftOut => Unseen.Count == 0 ? ""
        : $"; what {string.Join(", ", Unseen.Take(3))}{(Unseen.Count > 3 ? " and others" : "")} may compute beside, such as attention, is left out";

    /// <summary>What is counted of attention; null where none is.</summary>
    internal string? Note => Length is null ? null
        : "Attention between positions is queries times keys and weights times values, for all pairs of positions, also those that a mask hides, with flash or without.";

    /// <inheritdoc/>
    public string ToHtml() => ModelHtml.Write(this);

    /// <inheritdoc/>
    public string ToText() => ModelText.Write(this);
}

/// <summary>A module and what it holds.</summary>
/// <param name="Name">Its name in its parent, as in <c>state_dict</c> keys.</param>
/// <param name="Type">Its class.</param>
/// <param name="Parameters">Elements of its parameters and those of its parts; shared ones count once.</param>
/// <param name="Trainable">Those that require a gradient.</param>
/// <param name="Bytes">Memory of the parameters and buffers.</param>
/// <param name="FlopsPerToken">Multiplications and additions of its matrix products for one token, forward: 2 for each weight of a linear map.
/// Attention between positions is not in it: see <see cref="AttentionFlopsPerToken"/>.</param>
/// <param name="Own">Its own parameters and buffers.</param>
/// <param name="Children">Its parts; equal neighbours are told once.</param>
/// <param name="Count">How many equal neighbours this stands for.</param>
public sealed record ModelNode(
    string Name, string Type, long Parameters, long Trainable, long Bytes, long FlopsPerToken,
    IReadOnlyList<ModelParameter> Own, IReadOnlyList<ModelNode> Children, int Count = 1)
{
    /// <summary>The shape of what it gives, sizes that follow the input by name where they are known: "[batch, seq, 64]"; null where it does not tell.</summary>
    public string? Output { get; init; }

    /// <summary>Floating-point operations of attention between positions for one token of a sequence of <see cref="ModelView.Length"/>, forward: in each attention
    /// layer 2 · heads · positions · (dimHead + valueDimHead), as <see cref="XtNotebooks.Transformers.Attention.ProductFlops"/> counts them; 0 where there is none
    /// that could be counted.</summary>
    public long AttentionFlopsPerToken { get; init; }

    internal long AllFlopsPerToken => FlopsPerToken + AttentionFlopsPerToken;

    internal string Repeats => Count > 1 ? $"  × {Count} alike" : "";
}

/// <summary>A parameter or buffer.</summary>
/// <param name="Name">Its name in its module.</param>
/// <param name="Shape">Its sizes.</param>
/// <param name="DType">Its element type.</param>
/// <param name="Trainable">Whether it requires a gradient.</param>
public sealed record ModelParameter(string Name, IReadOnlyList<long> Shape, string DType, bool Trainable);

/// <summary>An option that is not the default.</summary>
/// <param name="Name">Its name, with the names of the options it lies in.</param>
/// <param name="Value">What it is.</param>
/// <param name="Default">What it would be.</param>
public sealed record ModelOption(string Name, string Value, string Default);
