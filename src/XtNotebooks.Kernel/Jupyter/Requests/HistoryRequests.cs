using XtNotebooks.Kernel.Jupyter.History;
using XtNotebooks.Kernel.Jupyter.Wire;

namespace XtNotebooks.Kernel.Jupyter.Requests;

/// <summary>Asks for earlier cells: the last ones, a range of a session, or those that match a pattern.</summary>
internal sealed class HistoryRequests(FrontEnd frontEnd, CellHistory history)
{
    public void Handle(IncomingMessage request)
    {
        var content = RequestException.ContentOf(request);
        var n = content.IntegerOrNull("n");
        var cells = (content.TextOrNull("hist_access_type") ?? "tail") switch
        {
            "tail" => history.Tail(n ?? 10),
            "range" => history.Range(content.IntegerOrNull("session") ?? 0, content.IntegerOrNull("start")
                ?? 1, content.IntegerOrNull("stop")),
            "search" => history.Search(content.TextOrNull("pattern") ?? "*", n, content.FlagOrNull("unique") ?? false),
            var other => throw new RequestException($"'{other}' is no way to ask for history; known are 'tail', 'range' and 'search'."),
        };
        var withOutput = content.FlagOrNull("output") ?? false;
        frontEnd.ReplyOk(request, json =>
        {
            json.WriteStartArray("history");
            foreach (var cell in cells)
            {
                json.WriteStartArray();
                json.WriteNumberValue(cell.Session);
                json.WriteNumberValue(cell.Line);
                if (withOutput)
                {
                    json.WriteStartArray();
                    json.WriteStringValue(JsonContent.WellFormed(cell.Code));
                    if (cell.Output is null)
                        json.WriteNullValue();
                    else
                        json.WriteStringValue(JsonContent.WellFormed(cell.Output));
                    json.WriteEndArray();
                }
                else
                {
                    json.WriteStringValue(JsonContent.WellFormed(cell.Code));
                }
                json.WriteEndArray();
            }
            json.WriteEndArray();
        });
    }
}
