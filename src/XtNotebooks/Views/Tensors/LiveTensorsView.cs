using System.Reflection;
using TorchSharp;
using XtNotebooks.Extensibility;
using static TorchSharp.torch;

namespace XtNotebooks.Views;

/// <summary>The tensors that a notebook's variables hold, by size, and how many live besides: the place to look for a leak.</summary>
[TypeFormatterSource(typeof(ViewFormatterSource))]
public sealed record LiveTensorsView : IView
{
    /// <summary>Variables that hold tensors, the largest first.</summary>
    public required IReadOnlyList<TensorHolder> Holders { get; init; }

    /// <summary>Tensors of the whole process that nobody disposed of yet.</summary>
    public required long Alive { get; init; }

    /// <summary>Variables that are not listed.</summary>
    public int LeftOut { get; init; }

    /// <summary>Looks through variables; a tensor that several of them hold is counted by the first.</summary>
    /// <param name="variables">The notebook's variables.</param>
    /// <param name="max">How many are listed at most.</param>
    public static LiveTensorsView Of(IReadOnlyList<NotebookVariable> variables, int max = 40)
    {
        ArgumentNullException.ThrowIfNull(variables);
        var alive = Tensor.TotalCount;
        var seen = new HashSet<IntPtr>();
        var holders = variables.Select(v => Holder(v, seen)).OfType<TensorHolder>().OrderByDescending(h => h.Bytes).ToList();
        return new LiveTensorsView
        {
            Holders = [.. holders.Take(max)],
            Alive = alive,
            LeftOut = Math.Max(0, holders.Count - max),
        };
    }

    /// <summary>The finding in one sentence.</summary>
    public string Sentence
    {
        get
        {
            var held = Holders.Sum(h => h.Count);
            var sentence = $"{Words.Count(held, "tensor")} in {Words.Count(Holders.Count, "variable")} ({TensorSummary.Size(Holders.Sum(h => h.Bytes))}); "
                + $"{Words.Number(Alive)} alive in the whole process";
            return LeftOut == 0 && Alive > held
                ? $"{sentence}: {Words.Number(Alive - held)} are in no variable. If that number grows from run to run, wrap the work in using var scope = torch.NewDisposeScope();."
                : sentence + ".";
        }
    }

    /// <inheritdoc/>
    public string ToHtml() => ViewFrame.Render("tensors", Sentence, "", new HtmlWriter()
        .Add($"<p class=\"lead\">{Sentence}</p>\n").Add(Table.ToHtml()).Add($"<p class=\"muted\">{Omitted}</p>").Done());

    /// <inheritdoc/>
    public string ToText() => $"{Sentence}\n{Table.ToText()}{(LeftOut > 0 ? Omitted + "\n" : "")}";

    private string Omitted => LeftOut > 0 ? $"{Words.Count(LeftOut, "variable is", "variables are")} left out." : "";

    private ViewTable Table => new(["variable", "type", "tensors", "memory", "device", "largest"],
        [.. Holders.Select(h => (IReadOnlyList<string>)[h.Name, h.Type, Words.Number(h.Count), TensorSummary.Size(h.Bytes), h.Device, h.Largest])]);

    private static TensorHolder? Holder(NotebookVariable variable, HashSet<IntPtr> seen)
    {
        var tensors = Tensors(variable.Value).Where(t => !t.IsInvalid && seen.Add(t.Handle)).ToList();
        if (tensors.Count == 0)
            return null;
        var largest = tensors.MaxBy(Bytes)!;
        return new TensorHolder(variable.Name, variable.Type.Name.Split('`')[0], tensors.Count, tensors.Sum(Bytes),
            string.Join(", ", tensors.Select(t => t.device_type == DeviceType.CPU ? "cpu" : t.device.ToString()).Distinct()),
            $"[{string.Join(", ", largest.shape)}] {TensorReading.Short(largest.dtype)}");
    }

    private static long Bytes(Tensor t) => t.numel() * t.element_size();

    private static IEnumerable<Tensor> Tensors(object? value) => value switch
    {
        null or string => [],
        Tensor tensor => [tensor],
        nn.Module module => module.parameters().Concat(module.buffers()),
        IEnumerable<Tensor> many => many,
        System.Runtime.CompilerServices.ITuple tuple => Enumerable.Range(0, tuple.Length).SelectMany(i => Tensors(tuple[i])),
        IDisposable owner => owner.GetType().GetProperties(BindingFlags.Public | BindingFlags.Instance)
            .Where(p => p.PropertyType == typeof(Tensor) && p.GetIndexParameters().Length == 0).Select(p => p.GetValue(owner)).OfType<Tensor>(),
        _ => [],
    };
}

/// <summary>A variable and the tensors it holds.</summary>
/// <param name="Name">Its C# name.</param>
/// <param name="Type">Its declared type.</param>
/// <param name="Count">Tensors that no variable before it holds.</param>
/// <param name="Bytes">Their memory.</param>
/// <param name="Device">Where they lie.</param>
/// <param name="Largest">Shape and type of the largest.</param>
public sealed record TensorHolder(string Name, string Type, int Count, long Bytes, string Device, string Largest);
