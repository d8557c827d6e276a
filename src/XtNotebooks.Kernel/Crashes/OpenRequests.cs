using System.Text.Json;
using XtNotebooks.Kernel.Jupyter.Wire;

namespace XtNotebooks.Kernel.Crashes;

/// <summary>The requests that a kernel has taken and not finished, queued ones too, and the cell it ran last, written down for
/// <see cref="CrashedKernel"/>.</summary>
/// <param name="journal">Where.</param>
/// <param name="connectionFile">The file that says where front ends connect.</param>
internal sealed class OpenRequests(Journal journal, string connectionFile)
{
    /// <summary>What is finished is left out once the journal is that long, and twice as long as what remained the last time.</summary>
    private const long MostRecorded = 1 << 18;

    private readonly Lock gate = new();
    private readonly Dictionary<IncomingMessage, (long Number, OpenRequest Request)> open = new(ReferenceEqualityComparer.Instance);
    private (long Number, OpenRequest Request)? last;
    private long count;
    private long together;
    private bool told;

    /// <summary>Notes that the kernel serves its front ends.</summary>
    public void Tell()
    {
        lock (gate)
        {
            if (told)
                return;
            told = true;
            journal.Write(Connection);
        }
    }

    /// <summary>Notes a request that has come.</summary>
    public void Take(IncomingMessage request)
    {
        Tell();
        lock (gate)
        {
            var taken = new OpenRequest(request.Channel, request.Identities, request.RawHeader, request.Header.Type);
            open[request] = (++count, taken);
            Write(taken.Line(count));
        }
    }

    /// <summary>Notes that a cell begins to run.</summary>
    public void Begin(IncomingMessage request, int executionCount, bool silent) =>
        Change(request, known => known with { ExecutionCount = executionCount, IsSilent = silent }, (number, known) => known.CellLine(number));

    /// <summary>Notes that the reply has left.</summary>
    public void Replied(IncomingMessage request) =>
        Change(request, known => known with { IsReplied = true }, (number, _) => OpenRequest.RepliedLine(number));

    /// <summary>Notes that nothing more is to be said to a request.</summary>
    public void Done(IncomingMessage request)
    {
        lock (gate)
        {
            if (!open.Remove(request, out var done))
                return;
            if (done.Request is { ExecutionCount: not null, IsSilent: false })
                last = done;
            Write(OpenRequest.DoneLine(done.Number));
        }
    }

    /// <summary>Says that the kernel ends in order.</summary>
    public void End() => journal.End();

    private void Change(IncomingMessage request, Func<OpenRequest, OpenRequest> change, Func<long, OpenRequest, Action<Utf8JsonWriter>> line)
    {
        lock (gate)
        {
            if (!open.TryGetValue(request, out var known))
                return;
            var changed = change(known.Request);
            open[request] = (known.Number, changed);
            Write(line(known.Number, changed));
        }
    }

    private void Write(Action<Utf8JsonWriter> line)
    {
        journal.Write(line);
        if (journal.Position <= Math.Max(MostRecorded, 2 * together))
            return;
        journal.Replace(0, [Connection, .. Last(), .. open.Values.OrderBy(each => each.Number).SelectMany(each => Lines(each.Number, each.Request))]);
        together = journal.Position;
    }

    private void Connection(Utf8JsonWriter json) => json.WriteString("connection", connectionFile);

    private IEnumerable<Action<Utf8JsonWriter>> Last() =>
        last is var (number, cell) ? [.. Lines(number, cell), OpenRequest.DoneLine(number)] : [];

    private static IEnumerable<Action<Utf8JsonWriter>> Lines(long number, OpenRequest request)
    {
        yield return request.Line(number);
        if (request.ExecutionCount is not null)
            yield return request.CellLine(number);
        if (request.IsReplied)
            yield return OpenRequest.RepliedLine(number);
    }
}
