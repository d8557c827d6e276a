using System.Text.Json;
using XtNotebooks.Extensibility;
using XtNotebooks.Kernel.Cli;
using XtNotebooks.Kernel.Notebooks;
using XtNotebooks.Kernel.Scripting;
using XtNotebooks.Kernel.Threads;

namespace XtNotebooks.Kernel.Crashes;

/// <summary>What a run has done so far, written down for <see cref="CrashedRun"/>: the notebook as it began, the outputs of each cell
/// that has ended, and those of the running one as they come.</summary>
internal sealed class RunJournal(Journal journal)
{
    /// <summary>A live view is replaced ten times a second, and only its last state matters: what was written down while the cell runs
    /// is put together once it is that long, and twice as long as what remained the last time.</summary>
    private const long MostRecorded = 4 << 20;

    private readonly Lock gate = new();
    private readonly List<Recording> cells = [];
    private long cellBegan;
    private long together;
    private volatile bool cellRuns;

    /// <summary>Whether the process's end would be that of a cell.</summary>
    public bool CellRuns => cellRuns;

    public void Begin(RunPaths paths, bool withoutScripts, string document) => journal.Write(json =>
    {
        json.WriteString("notebook", paths.Notebook);
        json.WriteString("output", paths.Output);
        json.WriteString("html", paths.Html);
        json.WriteString("origin", paths.Origin);
        json.WriteBoolean("withoutScripts", withoutScripts);
        json.WriteString("document", document);
    });

    /// <param name="index">The cell's place in the notebook.</param>
    /// <param name="number">Its execution count.</param>
    /// <param name="count">How many cells the run has.</param>
    /// <param name="outputs">Where its outputs are collected.</param>
    /// <returns>Where it is to write: the outputs, recorded as they come, also after the cell's end.</returns>
    public ICellOutput CellBegins(int index, int number, int count, CellOutputs outputs)
    {
        using (gate.EnterUninterrupted())
        {
            journal.Write(json =>
            {
                json.WriteNumber("cell", index);
                json.WriteNumber("number", number);
                json.WriteNumber("count", count);
            });
            cellBegan = together = journal.Position;
            cellRuns = true;
            var cell = new Recording(this, index, outputs);
            cells.Add(cell);
            return cell;
        }
    }

    /// <summary>What the cell shows takes the place of how it came to it.</summary>
    public void CellEnds()
    {
        using (gate.EnterUninterrupted())
        {
            journal.Replace(cellBegan, [.. Together(), json => json.WriteBoolean("done", true)]);
            foreach (var cell in cells)
                cell.Written = cell.Outputs.Changes;
            cellBegan = together = journal.Position;
            cellRuns = false;
        }
    }

    /// <summary>Says that the run ends in order.</summary>
    public void End() => journal.End();

    /// <summary>The lines of every cell that has changed since the running one began: an earlier one may go on writing, or be
    /// updated.</summary>
    private IEnumerable<Action<Utf8JsonWriter>> Together() =>
        cells.Where(cell => cell.Outputs.Changes != cell.Written).SelectMany(cell => OutputLines.All(cell.Index, cell.Outputs));

    private void Record(Action act, Action<Utf8JsonWriter> line)
    {
        // Both at once: what is put together by another thread holds it already, or not yet.
        using (gate.EnterUninterrupted())
        {
            act();
            journal.Write(line);
            if (journal.Position <= together + Math.Max(MostRecorded, together - cellBegan))
                return;
            journal.Replace(cellBegan, Together());
            together = journal.Position;
        }
    }

    private sealed class Recording(RunJournal run, int index, CellOutputs outputs) : ICellOutput
    {
        public int Index => index;

        public CellOutputs Outputs => outputs;

        /// <summary>The changes that were written down when the last cell ended; an untouched cell needs no line.</summary>
        public long Written { get; set; }

        public void Stream(StreamName stream, string text) =>
            run.Record(() => outputs.Stream(stream, text), OutputLines.Stream(index, stream, text));

        public void Display(MimeBundle bundle, string? displayId) =>
            run.Record(() => outputs.Display(bundle, displayId), OutputLines.Display(index, bundle, displayId));

        public void UpdateDisplay(MimeBundle bundle, string displayId) =>
            run.Record(() => outputs.UpdateDisplay(bundle, displayId), OutputLines.Update(index, bundle, displayId));

        public void Clear(bool wait) => run.Record(() => outputs.Clear(wait), OutputLines.Clear(index, wait));

        public string? ReadLine(string prompt, bool password, CancellationToken cancellationToken) =>
            outputs.ReadLine(prompt, password, cancellationToken);
    }
}
