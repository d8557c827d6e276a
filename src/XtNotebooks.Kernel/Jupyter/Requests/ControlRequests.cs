using XtNotebooks.Kernel.Jupyter.Shells;
using XtNotebooks.Kernel.Jupyter.Wire;

namespace XtNotebooks.Kernel.Jupyter.Requests;

/// <summary>What comes on the control channel, and is handled while cells run.</summary>
internal sealed class ControlRequests(FrontEnd frontEnd, ShellSet shells, Action shutDown, TextWriter log)
{
    /// <summary>Handles one request; never throws.</summary>
    public void Handle(IncomingMessage request)
    {
        frontEnd.Status("busy", request.RawHeader);
        try
        {
            Dispatch(request);
        }
        catch (Exception error)
        {
            log.WriteLine($"xt-notebooks: {request.Header.Type} failed: {error.Message}");
            frontEnd.ReplyError(request, error is RequestException ? "RequestError" : "InternalError", error.Message);
        }
        frontEnd.Status("idle", request.RawHeader);
    }

    /// <summary>Answers a request to end, and ends.</summary>
    public void ShutDown(IncomingMessage request)
    {
        var restart = request.Content?.FlagOrNull("restart") ?? false;
        shells.Interrupt(null);
        frontEnd.ReplyOk(request, json => json.WriteBoolean("restart", restart));
        // The other clients learn of it too.
        frontEnd.Publish("shutdown_reply", request.RawHeader, json =>
        {
            json.WriteString("status", "ok");
            json.WriteBoolean("restart", restart);
        });
        shutDown();
    }

    private void Dispatch(IncomingMessage request)
    {
        switch (request.Header.Type)
        {
            case "kernel_info_request":
                frontEnd.ReplyOk(request, KernelInfo.Write);
                break;
            case "interrupt_request":
                shells.Interrupt(request.Header);
                frontEnd.ReplyOk(request);
                break;
            case "shutdown_request":
                ShutDown(request);
                break;
            case "create_subshell_request":
                var id = shells.Create();
                frontEnd.ReplyOk(request, json => json.WriteString("subshell_id", id));
                break;
            case "delete_subshell_request":
                var named = RequestException.ContentOf(request).TextOrNull("subshell_id")
                    ?? throw new RequestException("This delete_subshell_request has no text 'subshell_id'.");
                if (!shells.Delete(named))
                    throw new RequestException($"There is no subshell '{named}'.");
                frontEnd.ReplyOk(request);
                break;
            case "list_subshell_request":
                frontEnd.ReplyOk(request, json =>
                {
                    json.WriteStartArray("subshell_id");
                    foreach (var known in shells.Ids)
                        json.WriteStringValue(known);
                    json.WriteEndArray();
                });
                break;
            case "debug_request":
                RefuseDebugging(request);
                break;
            default:
                log.WriteLine($"xt-notebooks: a control message of the unknown type '{request.Header.Type}' was left alone.");
                break;
        }
    }

    // Source: Debug Adapter Protocol, Response.
    private void RefuseDebugging(IncomingMessage request)
    {
        var content = request.Content ?? default;
        frontEnd.Reply(request, json =>
        {
            json.WriteString("type", "response");
            json.WriteNumber("request_seq", content.IntegerOrNull("seq") ?? 0);
            json.WriteBoolean("success", false);
            json.WriteText("command", content.TextOrNull("command") ?? "");
            json.WriteString("message", "This kernel has no debugger.");
            json.WriteStartObject("body");
            json.WriteEndObject();
        });
    }
}
