using TorchSharp;
using XtNotebooks.Extensibility;
using static TorchSharp.torch;

namespace XtNotebooks.Views;

/// <summary>The live tensors of a notebook by size and by the cell that made them: the place to look for a leak.</summary>
[TypeFormatterSource(typeof(ViewFormatterSource))]
public sealed record LiveTensorsView : IView
{
    /// <summary>Variables that hold tensors, the largest first.</summary>
    public required IReadOnlyList<TensorHolder> Holders { get; init; }

    /// <summary>Cells whose tensors are alive, the one that left the most memory first.</summary>
    public IReadOnlyList<TensorMaker> Makers { get; init; } = [];

    /// <summary>Tensors of the whole process that nobody disposed of yet.</summary>
    public required long Alive { get; init; }

    /// <summary>Tensors that are in some variable.</summary>
    public required long Held { get; init; }

    /// <summary>Variables that are not listed.</summary>
    public int LeftOut { get; init; }

    /// <summary>Cells that are not listed.</summary>
    public int CellsLeftOut { get; init; }

    /// <summary>Whether cells have everything remembered that they make.</summary>
    public bool Tracked { get; init; }

    /// <summary>Looks through variables; a tensor that several of them hold is counted by the first.</summary>
    /// <param name="variables">The notebook's variables.</param>
    /// <param name="max">How many variables, and how many cells, are listed at most.</param>
    /// <param name="log">Which cell made which tensor; null where nobody kept it.</param>
    /// <exception cref="ArgumentException"><paramref name="max"/> is less than 1.</exception>
    public static LiveTensorsView Of(IReadOnlyList<NotebookVariable> variables, int max = 40, TensorLog? log = null)
    {
        ArgumentNullException.ThrowIfNull(variables);
        if (max < 1)
            throw new ArgumentException($"{max} variables were asked for; ask for one or more.", nameof(max));
        var alive = Tensor.TotalCount;
        var search = new TensorSearch();
        var found = variables.Select(v => (Variable: v, Tensors: search.In(v.Value))).Where(v => v.Tensors.Count > 0).ToList();
        var holders = found.Select(v => Holder(v.Variable, v.Tensors, log)).OrderByDescending(h => h.Bytes).ToList();
        var makers = log is null ? [] : ByCell(log, [.. found.SelectMany(v => v.Tensors)], search);
        return new LiveTensorsView
        {
            Holders = [.. holders.Take(max)],
            Makers = [.. makers.Take(max)],
            Alive = alive,
            Held = found.Sum(v => v.Tensors.Count),
            LeftOut = Math.Max(0, holders.Count - max),
            CellsLeftOut = Math.Max(0, makers.Count - max),
            Tracked = log?.Track ?? false,
        };
    }

    /// <summary>The finding in one sentence.</summary>
    public string Sentence => Finding.Replace("`", "", StringComparison.Ordinal);

    /// <summary>The same with code in backticks.</summary>
    private string Finding
    {
        get
        {
            var sentence = $"{Words.Count(Held, "tensor")} in {Words.Count(Holders.Count + LeftOut, "variable")} ({TensorSummary.Size(Holders.Sum(h => h.Bytes))}"
                + $"{(LeftOut > 0 ? " in those listed" : "")}); {Words.Number(Alive)} alive in the whole process";
            if (Alive <= Held)
                return sentence + ".";
            var loose = Makers.Where(m => m.Loose > 0).MaxBy(m => m.LooseBytes);
            return $"{sentence}: {Words.Number(Alive - Held)} are in no variable. "
                + (loose is not null
                    ? $"Cell {loose.Cell} made {Words.Number(loose.Loose)} of them ({TensorSummary.Size(loose.LooseBytes)}): put `using var scope = torch.NewDisposeScope();` before its work."
                    : Tracked || Makers.Count == 0 ? "If that number grows from run to run, put `using var scope = torch.NewDisposeScope();` before the work."
                    : "If that number grows, run `#!xt-tensors --track on`, then the cells again: each is then told what it leaves behind.");
        }
    }

    /// <inheritdoc/>
    public string ToHtml()
    {
        var html = new HtmlWriter().Add($"<p class=\"lead\">{Remarks.Code(Finding)}</p>\n");
        if (Holders.Count > 0)
            html.Add(Table.ToHtml());
        if (Makers.Count > 0)
            html.Add($"<p><strong>By the cell that made them</strong></p>\n").Add(Cells.ToHtml());
        foreach (var note in Notes)
            html.Add($"<p class=\"muted\">{note}</p>\n");
        return ViewFrame.Render("tensors", Sentence, ".xt-tensors .numbers td:last-child,.xt-tensors .numbers th:last-child{text-align:left}", html.Done());
    }

    /// <inheritdoc/>
    public string ToText() => $"{Sentence}\n{(Holders.Count > 0 ? Table.ToText() : "")}{(Makers.Count > 0 ? "\nBy the cell that made them:\n" + Cells.ToText() : "")}{string.Concat(Notes.Select(note => note + "\n"))}";

    private IEnumerable<string> Notes
    {
        get
        {
            if (LeftOut > 0)
                yield return $"{Words.Count(LeftOut, "variable is", "variables are")} left out.";
            if (CellsLeftOut > 0)
                yield return $"{Words.Count(CellsLeftOut, "cell is", "cells are")} left out.";
            if (Makers.Count > 0)
                yield return Tracked ? "Cells are tracked: what each made on its own thread is known, whoever holds it."
                    : "Cells are not tracked: what no variable holds is counted for each cell, not listed.";
        }
    }

    private ViewTable Table => new(["variable", "type", "tensors", "memory", "device", "made by", "largest"],
        [.. Holders.Select(h => (IReadOnlyList<string>)[h.Name, h.Type, Words.Number(h.Count), TensorSummary.Size(h.Bytes), h.Device, h.Cells.Count == 0 ? "–" : (h.Cells.Count == 1 ? "cell " : "cells ") + Words.Rows(h.Cells).Split(' ', 2)[1], h.Largest])]);

    private ViewTable Cells => new(["cell", "left alive", "known tensors", "memory", "in no variable", "their memory", "largest"],
        [.. Makers.Select(m => (IReadOnlyList<string>)
        [
            Words.Number(m.Cell), m.Left is { } left ? (left > 0 ? "+" : "") + Words.Number(left) : "–", Words.Number(m.Count), TensorSummary.Size(m.Bytes),
            Words.Number(m.Loose), TensorSummary.Size(m.LooseBytes), m.Largest.Length > 0 ? m.Largest : "–",
        ])]);

    private static TensorHolder Holder(NotebookVariable variable, IReadOnlyList<Tensor> tensors, TensorLog? log) => new(
        variable.Name, variable.Type.Name.Split('`')[0], tensors.Count, tensors.Sum(Bytes),
        string.Join(", ", tensors.Select(t => t.device_type == DeviceType.CPU ? "cpu" : t.device.ToString()).Distinct()),
        Largest(tensors), [.. tensors.Select(t => log?.MadeBy(t)).OfType<int>().Distinct().Order()]);

    private static List<TensorMaker> ByCell(TensorLog log, List<Tensor> held, TensorSearch search)
    {
        // What the search has met already is held.
        var loose = search.In(log.Tracked.ToArray());
        var known = held.Select(t => (Tensor: t, Loose: false)).Concat(loose.Select(t => (Tensor: t, Loose: true)))
            .Select(t => (t.Tensor, t.Loose, Cell: log.MadeBy(t.Tensor))).Where(t => t.Cell is not null).ToLookup(t => t.Cell!.Value);
        var left = log.LeftAlive;
        return [.. left.Keys.Union(known.Select(group => group.Key)).Select(cell => new TensorMaker(
                cell, left.TryGetValue(cell, out var more) ? more : null,
                known[cell].Count(), known[cell].Sum(t => Bytes(t.Tensor)),
                known[cell].Count(t => t.Loose), known[cell].Where(t => t.Loose).Sum(t => Bytes(t.Tensor)),
                Largest([.. known[cell].Select(t => t.Tensor)])))
            .OrderByDescending(m => m.Bytes).ThenByDescending(m => m.Left ?? 0)];
    }

    private static string Largest(IReadOnlyList<Tensor> tensors) => tensors.Count == 0 ? ""
        : tensors.MaxBy(Bytes) is { } t ? $"[{string.Join(", ", t.shape)}] {TensorReading.Short(t.dtype)}" : "";

    private static long Bytes(Tensor t) => t.numel() * t.element_size();
}

/// <summary>A variable and the tensors it holds.</summary>
/// <param name="Name">Its C# name.</param>
/// <param name="Type">Its declared type.</param>
/// <param name="Count">Tensors that no variable before it holds.</param>
/// <param name="Bytes">Their memory.</param>
/// <param name="Device">Where they lie.</param>
/// <param name="Largest">Shape and type of the largest.</param>
/// <param name="Cells">The cells that made them, as far as they are known.</param>
public sealed record TensorHolder(string Name, string Type, int Count, long Bytes, string Device, string Largest, IReadOnlyList<int> Cells);

/// <summary>A cell and what is alive of the tensors it made.</summary>
/// <param name="Cell">Its number.</param>
/// <param name="Left">How many more tensors than before were alive when it ended, over all its runs under this number; null where as many.</param>
/// <param name="Count">Tensors of it that are known to be alive.</param>
/// <param name="Bytes">Their memory.</param>
/// <param name="Loose">Those of them that no variable holds.</param>
/// <param name="LooseBytes">Their memory.</param>
/// <param name="Largest">Shape and type of the largest; empty where none is known.</param>
public sealed record TensorMaker(int Cell, long? Left, int Count, long Bytes, int Loose, long LooseBytes, string Largest);
