using System.Text.Json;
using XtNotebooks.Extensibility;
using XtNotebooks.Kernel.Cli;
using XtNotebooks.Kernel.Notebooks;
using XtNotebooks.Kernel.Scripting;

namespace XtNotebooks.Kernel.Crashes;

/// <summary>What a run has done so far, written down for <see cref="CrashedRun"/>: the notebook as it began, the outputs of each cell
/// that has ended, and those of the running one as they come.</summary>
internal sealed class RunJournal(Journal journal)
{
    /// <summary>Live views are replaced ten times a second; that many need not be kept of the running cell.</summary>
    private const int MostUpdates = 100;

    private long cellBegan;
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
    public void CellBegins(int index, int number, int count)
    {
        journal.Write(json =>
        {
            json.WriteNumber("cell", index);
            json.WriteNumber("number", number);
            json.WriteNumber("count", count);
        });
        cellBegan = journal.Position;
        cellRuns = true;
    }

    /// <summary>The cell's outputs take the place of what was recorded while it ran.</summary>
    public void CellEnds(CellOutputs outputs)
    {
        journal.GoBack(cellBegan);
        var text = outputs.ToJson().ToJsonString();
        journal.Write(json =>
        {
            json.WritePropertyName("outputs");
            json.WriteRawValue(text, skipInputValidation: true);
        });
        cellRuns = false;
    }

    /// <summary>Says that the run ends in order.</summary>
    public void End() => journal.End();

    /// <summary>The outputs, recorded as they come.</summary>
    public ICellOutput Recorded(ICellOutput outputs) => new Recording(journal, outputs);

    private sealed class Recording(Journal journal, ICellOutput outputs) : ICellOutput
    {
        private int updates;

        public void Stream(StreamName stream, string text)
        {
            outputs.Stream(stream, text);
            journal.Write(json =>
            {
                json.WriteString("stream", stream.ToString());
                json.WriteString("text", text);
            });
        }

        public void Display(MimeBundle bundle, string? displayId)
        {
            outputs.Display(bundle, displayId);
            Write("display", bundle, displayId);
        }

        public void UpdateDisplay(MimeBundle bundle, string displayId)
        {
            outputs.UpdateDisplay(bundle, displayId);
            if (Interlocked.Increment(ref updates) <= MostUpdates)
                Write("update", bundle, displayId);
        }

        public void Clear(bool wait)
        {
            outputs.Clear(wait);
            journal.Write(json => json.WriteBoolean("clear", wait));
        }

        public string? ReadLine(string prompt, bool password, CancellationToken cancellationToken) =>
            outputs.ReadLine(prompt, password, cancellationToken);

        private void Write(string what, MimeBundle bundle, string? displayId) => journal.Write(json =>
        {
            json.WriteStartObject(what);
            foreach (var (type, text) in bundle.Data)
                json.WriteString(type, text);
            json.WriteEndObject();
            json.WriteString("id", displayId);
        });
    }
}
