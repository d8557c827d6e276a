using XtNotebooks.Kernel.Jupyter.Comms;
using XtNotebooks.Kernel.Jupyter.Shells;
using XtNotebooks.Kernel.Jupyter.Wire;
using XtNotebooks.Kernel.Scripting;

namespace XtNotebooks.Kernel.Jupyter.Requests;

/// <summary>What comes on the shell channel, each request between its <c>busy</c> and its <c>idle</c>.</summary>
internal sealed class ShellRequests(
    FrontEnd frontEnd,
    ExecuteRequests execute,
    CodeRequests code,
    HistoryRequests history,
    FrontEndComms comms,
    Task<ICodeSession> session,
    ConnectionInfo connection,
    Action<IncomingMessage> shutDown,
    TextWriter log)
{
    /// <summary>Handles one request; never throws.</summary>
    public async Task HandleAsync(Shell shell, IncomingMessage request, CancellationToken cancellationToken)
    {
        frontEnd.Status("busy", request.RawHeader);
        try
        {
            await DispatchAsync(shell, request, cancellationToken);
        }
        catch (Exception error)
        {
            log.WriteLine($"xt-notebooks: {request.Header.Type} failed: {(error is RequestException ? error.Message : error.ToString())}");
            if (error is RequestException or OperationCanceledException)
                frontEnd.ReplyError(request, "RequestError", error.Message);
            else
                frontEnd.ReplyError(request, "InternalError",
                    $"{request.Header.Type} failed in the kernel, which goes on: {error.Message}");
        }
        frontEnd.Status("idle", request.RawHeader);
    }

    private Task DispatchAsync(Shell shell, IncomingMessage request, CancellationToken cancellationToken)
    {
        switch (request.Header.Type)
        {
            case "execute_request":
                return execute.HandleAsync(shell, request, cancellationToken);
            case "complete_request":
                return code.CompleteAsync(request, cancellationToken);
            case "inspect_request":
                return code.InspectAsync(request, cancellationToken);
            case "is_complete_request":
                return code.IsCompleteAsync(request);
            case "history_request":
                history.Handle(request);
                break;
            case "kernel_info_request":
                frontEnd.ReplyOk(request, KernelInfo.Write);
                break;
            case "connect_request":
                frontEnd.ReplyOk(request, json =>
                {
                    json.WriteNumber("shell_port", connection.ShellPort);
                    json.WriteNumber("iopub_port", connection.IOPubPort);
                    json.WriteNumber("stdin_port", connection.StdinPort);
                    json.WriteNumber("hb_port", connection.HeartbeatPort);
                    json.WriteNumber("control_port", connection.ControlPort);
                });
                break;
            case "comm_info_request" or "comm_open" or "comm_msg" or "comm_close":
                return comms.HandleAsync(request, session, cancellationToken);
            case "shutdown_request":
                // Deprecated on this channel, but some clients still send it here.
                shutDown(request);
                break;
            default:
                log.WriteLine($"xt-notebooks: a message of the unknown type '{request.Header.Type}' was left alone.");
                break;
        }
        return Task.CompletedTask;
    }
}
