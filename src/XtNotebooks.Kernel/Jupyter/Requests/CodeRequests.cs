using XtNotebooks.Kernel.Jupyter.Output;
using XtNotebooks.Kernel.Jupyter.Wire;
using XtNotebooks.Kernel.Scripting;

namespace XtNotebooks.Kernel.Jupyter.Requests;

/// <summary>Questions about code: completion, inspection, completeness.</summary>
internal sealed class CodeRequests(FrontEnd frontEnd, Task<ICodeSession> session)
{
    public async Task CompleteAsync(IncomingMessage request, CancellationToken cancellationToken)
    {
        var (code, position) = Position(request);
        var reply = await (await session).CompleteAsync(code, position, cancellationToken);
        var start = CodePoints.FromUtf16(code, reply.Start);
        var end = CodePoints.FromUtf16(code, reply.End);
        frontEnd.ReplyOk(request, json =>
        {
            json.WriteStartArray("matches");
            foreach (var match in reply.Matches)
                json.WriteStringValue(JsonContent.WellFormed(match.Text));
            json.WriteEndArray();
            json.WriteNumber("cursor_start", start);
            json.WriteNumber("cursor_end", end);
            json.WriteStartObject("metadata");
            json.WriteStartArray("_jupyter_types_experimental");
            foreach (var match in reply.Matches)
            {
                json.WriteStartObject();
                json.WriteNumber("start", start);
                json.WriteNumber("end", end);
                json.WriteText("text", match.Text);
                json.WriteText("type", match.Kind);
                json.WriteText("signature", match.Signature);
                json.WriteEndObject();
            }
            json.WriteEndArray();
            json.WriteEndObject();
        });
    }

    public async Task InspectAsync(IncomingMessage request, CancellationToken cancellationToken)
    {
        var (code, position) = Position(request);
        var detailed = request.Content!.Value.IntegerOrNull("detail_level") > 0;
        var found = await (await session).InspectAsync(code, position, detailed, cancellationToken);
        frontEnd.ReplyOk(request, json =>
        {
            json.WriteBoolean("found", found is not null);
            if (found is not null)
            {
                json.WriteBundle(found);
                return;
            }
            json.WriteStartObject("data");
            json.WriteEndObject();
            json.WriteStartObject("metadata");
            json.WriteEndObject();
        });
    }

    public async Task IsCompleteAsync(IncomingMessage request)
    {
        var code = RequestException.CodeOf(request);
        var indent = "";
        var completeness = HelpQuery.TryParse(code) is not null ? Completeness.Complete : (await session).IsComplete(code, out indent);
        frontEnd.Reply(request, json =>
        {
            json.WriteString("status", completeness switch
            {
                Completeness.Complete => "complete",
                Completeness.Incomplete => "incomplete",
                _ => "invalid",
            });
            if (completeness == Completeness.Incomplete)
                json.WriteText("indent", indent);
        });
    }

    private static (string Code, int Position) Position(IncomingMessage request)
    {
        var code = RequestException.CodeOf(request);
        return (code, CodePoints.ToUtf16(code, request.Content!.Value.IntegerOrNull("cursor_pos") ?? int.MaxValue));
    }
}
