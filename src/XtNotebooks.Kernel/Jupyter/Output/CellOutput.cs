using System.Text;
using XtNotebooks.Extensibility;
using XtNotebooks.Kernel.Jupyter.Wire;
using XtNotebooks.Kernel.Scripting;
using XtNotebooks.Kernel.Threads;

namespace XtNotebooks.Kernel.Jupyter.Output;

/// <summary>The outputs of one execute request, published in the order in which they were made, from whatever thread.</summary>
/// <remarks>Text on a stream waits at most <see cref="BatchTime"/> for more of it; every other output sends it off first.
/// It keeps working after the cell's end, for what the cell left running.</remarks>
internal sealed class CellOutput : ICellOutput, IDisposable
{
    /// <summary>How long text waits for more text.</summary>
    public static readonly TimeSpan BatchTime = TimeSpan.FromMilliseconds(50);

    private const int BatchCharacters = 1 << 18;

    private readonly Lock gate = new();
    private readonly FrontEnd frontEnd;
    private readonly IncomingMessage request;
    private readonly InputRequests? input;
    private readonly KeptOutput kept;
    private readonly bool silent;
    private readonly ITimer timer;
    private readonly StringBuilder pending = new();
    private StreamName pendingStream;
    private bool timerRuns;

    /// <param name="frontEnd">Where outputs are published.</param>
    /// <param name="request">The request that runs the cell: the parent of its outputs.</param>
    /// <param name="input">Asks the reader; null where the front end cannot answer.</param>
    /// <param name="kept">What is too much.</param>
    /// <param name="time">The clock for batches.</param>
    /// <param name="silent">Whether nothing is published at all, as a silent request asks.</param>
    public CellOutput(
        FrontEnd frontEnd, IncomingMessage request, InputRequests? input, KeptOutput kept, TimeProvider time, bool silent = false)
    {
        this.frontEnd = frontEnd;
        this.request = request;
        this.input = input;
        this.kept = kept;
        this.silent = silent;
        timer = time.CreateTimer(_ => Flush(), null, Timeout.InfiniteTimeSpan, Timeout.InfiniteTimeSpan);
    }

    public void Stream(StreamName stream, string text)
    {
        if (text.Length == 0 || silent)
            return;
        using (gate.EnterUninterrupted())
        {
            text = kept.Admit(text);
            if (text.Length == 0)
                return;
            if (pending.Length > 0 && pendingStream != stream)
                Publish();
            pendingStream = stream;
            pending.Append(text);
            frontEnd.Unsent?.Wait(request.RawHeader, stream, text);
            if (pending.Length >= BatchCharacters)
                Publish();
            if (pending.Length > 0 && !timerRuns)
                timerRuns = timer.Change(BatchTime, Timeout.InfiniteTimeSpan);
        }
    }

    public void Display(MimeBundle bundle, string? displayId) => Output(() =>
    {
        if (kept.AdmitDisplay(bundle, displayId, out var note) is { } admitted)
        {
            Bundle("display_data", admitted, displayId);
        }
        else if (note is not null)
        {
            pendingStream = StreamName.Stderr;
            pending.Append(note);
            Publish(all: true);
        }
    });

    public void UpdateDisplay(MimeBundle bundle, string displayId) => Output(() =>
    {
        if (kept.AdmitUpdate(bundle, displayId) is { } admitted)
            Bundle("update_display_data", admitted, displayId);
    });

    public void Clear(bool wait) => Output(() =>
    {
        kept.Reset(wait);
        frontEnd.Publish("clear_output", request.RawHeader, json => json.WriteBoolean("wait", wait));
    });

    /// <summary>The value of the cell's trailing expression.</summary>
    public void Result(MimeBundle bundle, int executionCount) => Output(() =>
    {
        var admitted = kept.Admit(bundle);
        frontEnd.Publish("execute_result", request.RawHeader, json =>
        {
            json.WriteNumber("execution_count", executionCount);
            json.WriteBundle(admitted);
        });
    });

    /// <summary>The cell's error as it is still to be told.</summary>
    public CellError Admit(CellError error)
    {
        using (gate.EnterUninterrupted())
            return kept.Admit(error);
    }

    /// <summary>The cell's error.</summary>
    public void Error(CellError error) => Output(() =>
        frontEnd.Publish("error", request.RawHeader, json => FrontEnd.WriteError(json, error.Name, error.Message, error.Traceback)));

    public string? ReadLine(string prompt, bool password, CancellationToken cancellationToken)
    {
        Flush(all: true);
        return input?.Ask(request, prompt, password, cancellationToken);
    }

    /// <summary>Sends off the text that waits.</summary>
    /// <param name="all">Also half of a surrogate pair, whose other half will not come.</param>
    public void Flush(bool all = false)
    {
        using (gate.EnterUninterrupted())
        {
            timerRuns = false;
            Publish(all);
            if (pending.Length > 0)
                timerRuns = timer.Change(BatchTime, Timeout.InfiniteTimeSpan);
        }
    }

    public void Dispose()
    {
        Flush(all: true);
        timer.Dispose();
        kept.Dispose();
    }

    private void Output(Action publish)
    {
        if (silent)
            return;
        using (gate.EnterUninterrupted())
        {
            Publish(all: true);
            publish();
        }
    }

    private void Bundle(string type, MimeBundle bundle, string? displayId) => frontEnd.Publish(type, request.RawHeader, json =>
    {
        json.WriteBundle(bundle);
        json.WriteStartObject("transient");
        if (displayId is not null)
            json.WriteText("display_id", displayId);
        json.WriteEndObject();
    });

    private void Publish(bool all = false)
    {
        if (pending.Length == 0)
            return;
        // A pair that two writes split stays together.
        var held = !all && char.IsHighSurrogate(pending[^1]) ? 1 : 0;
        var text = pending.ToString(0, pending.Length - held);
        pending.Remove(0, pending.Length - held);
        if (text.Length == 0)
            return;
        frontEnd.PublishText(request.RawHeader, pendingStream, text);
    }
}
