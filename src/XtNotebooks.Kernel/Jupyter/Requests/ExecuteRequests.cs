using System.Text.Json;
using XtNotebooks.Extensibility;
using XtNotebooks.Kernel.Crashes;
using XtNotebooks.Kernel.Jupyter.History;
using XtNotebooks.Kernel.Jupyter.Output;
using XtNotebooks.Kernel.Jupyter.Shells;
using XtNotebooks.Kernel.Jupyter.Wire;
using XtNotebooks.Kernel.Scripting;

namespace XtNotebooks.Kernel.Jupyter.Requests;

/// <summary>Runs cells.</summary>
internal sealed class ExecuteRequests(
    FrontEnd frontEnd,
    Task<ICodeSession> session,
    InputRequests input,
    CellHistory history,
    OutputLimit limit,
    Func<Task> drainShell,
    TimeProvider time,
    OpenRequests? requests = null)
{
    /// <summary>What the history keeps of a value's text.</summary>
    private const int LongestRemembered = 100_000;

    private readonly IdleMemory memory = new(time);
    private int executionCount;

    public async Task HandleAsync(Shell shell, IncomingMessage request, CancellationToken cancellationToken)
    {
        if (shell.IsAborted)
        {
            ReplyError(request, Volatile.Read(ref executionCount),
                new CellError("Aborted", "Not run, because an earlier cell failed or was interrupted.", [], null));
            return;
        }
        var parsed = ExecuteRequest.Read(request);
        var count = parsed.StoreHistory ? Interlocked.Increment(ref executionCount) : Volatile.Read(ref executionCount);
        requests?.Begin(request, count, parsed.Silent);
        if (!parsed.Silent)
        {
            frontEnd.Publish("execute_input", request.RawHeader, json =>
            {
                json.WriteText("code", parsed.Code);
                json.WriteNumber("execution_count", count);
            });
        }
        var output = new CellOutput(frontEnd, request, parsed.AllowStdin ? input : null, new KeptOutput(limit, count), time, parsed.Silent);
        await (parsed.Code.AsSpan().Trim().IsEmpty
            ? FinishAsync(shell, request, parsed, count, output, new CellResult(CellStatus.Ok, null, null), null, cancellationToken)
            : HelpQuery.TryParse(parsed.Code) is { } query
                ? AnswerAsync(shell, request, query, parsed, count, output, cancellationToken)
                : RunAsync(shell, request, parsed, count, output, cancellationToken));
    }

    private async Task RunAsync(
        Shell shell, IncomingMessage request, ExecuteRequest parsed, int count, CellOutput output, CancellationToken cancellationToken)
    {
        CellResult result;
        using (memory.Begin())
        using (ParentHeader.Begin(request.RawHeader))
            result = await RunAsync(CellOf(shell, parsed, count), output, cancellationToken);
        output.Flush(all: true);
        if (result.Error is { } whole)
            result = result with { Error = output.Admit(whole) };
        if (result.Status == CellStatus.Ok && result.Value is { } value && !parsed.Silent)
            output.Result(value, count);
        else if (result.Error is { } error && !parsed.Silent)
            output.Error(error);
        await FinishAsync(shell, request, parsed, count, output, result, null, cancellationToken);
    }

    private static CellRequest CellOf(Shell shell, ExecuteRequest parsed, int count) =>
        new(parsed.Code, count, parsed.Silent, parsed.AllowStdin, shell.Id, parsed.StoreHistory, shell.AtOnce);

    private async Task<CellResult> RunAsync(CellRequest code, CellOutput output, CancellationToken cancellationToken)
    {
        try
        {
            return await (await session.WaitAsync(cancellationToken)).RunAsync(code, output, cancellationToken);
        }
        catch (OperationCanceledException) when (!session.IsCompleted)
        {
            const string Message = "The cell was interrupted before it began; the kernel was still starting.";
            return new CellResult(CellStatus.Interrupted, null, new CellError("Interrupted", Message, [Message], null));
        }
    }

    private async Task AnswerAsync(
        Shell shell, IncomingMessage request, HelpQuery query, ExecuteRequest parsed, int count, CellOutput output, CancellationToken cancellationToken)
    {
        var found = await (await session).InspectAsync(query.Name, query.Name.Length, query.Detailed, cancellationToken)
            ?? MimeBundle.Text($"Nothing is known about '{query.Name}'.");
        await FinishAsync(shell, request, parsed, count, output, new CellResult(CellStatus.Ok, null, null), found, cancellationToken);
    }

    private async Task FinishAsync(
        Shell shell, IncomingMessage request, ExecuteRequest parsed, int count, CellOutput output, CellResult result, MimeBundle? page, CancellationToken cancellationToken)
    {
        if (parsed.StoreHistory)
            history.Add(count, parsed.Code, result.Value?.Data.GetValueOrDefault("text/plain") is { } text && text.Length > LongestRemembered
                ? text[..LongestRemembered] + "…"
                : result.Value?.Data.GetValueOrDefault("text/plain"));
        if (result.Status != CellStatus.Ok)
        {
            // What was sent before is aborted, also what still lies in the socket; what a client sends when it knows of the failure is not.
            if (parsed.StopOnError)
            {
                await drainShell();
                shell.AbortQueued();
            }
            ReplyError(request, count, result.Error ?? new CellError(result.Status.ToString(), "The cell did not end well.", [], null));
            return;
        }
        var expressions = parsed.Expressions.Count == 0
            ? null
            : await (await session).EvaluateAsync(parsed.Expressions, CellOf(shell, parsed, count), output, cancellationToken);
        output.Flush(all: true);
        using var kept = new KeptOutput(limit, count);
        frontEnd.ReplyOk(request, json =>
        {
            json.WriteNumber("execution_count", count);
            json.WriteStartObject("user_expressions");
            foreach (var (name, expression) in expressions ?? new Dictionary<string, ExpressionResult>())
                WriteExpression(json, name, expression, kept);
            json.WriteEndObject();
            json.WriteStartArray("payload");
            if (page is not null)
                WritePage(json, page);
            json.WriteEndArray();
        });
    }

    private void ReplyError(IncomingMessage request, int count, CellError error) => frontEnd.Reply(request, json =>
    {
        json.WriteString("status", "error");
        json.WriteNumber("execution_count", count);
        FrontEnd.WriteError(json, error.Name, error.Message, error.Traceback);
    });

    private static void WriteExpression(Utf8JsonWriter json, string name, ExpressionResult expression, KeptOutput kept)
    {
        json.WritePropertyName(JsonContent.WellFormed(name));
        json.WriteStartObject();
        if (expression.Error is { } failure)
        {
            var error = kept.Admit(failure);
            json.WriteString("status", "error");
            FrontEnd.WriteError(json, error.Name, error.Message, error.Traceback);
        }
        else
        {
            json.WriteString("status", "ok");
            json.WriteBundle(kept.Admit(expression.Value ?? MimeBundle.Text("null")));
        }
        json.WriteEndObject();
    }

    private static void WritePage(Utf8JsonWriter json, MimeBundle page)
    {
        json.WriteStartObject();
        json.WriteString("source", "page");
        json.WriteBundle(page);
        json.WriteNumber("start", 0);
        json.WriteEndObject();
    }
}

/// <summary>The content of an <c>execute_request</c>, with the defaults of the specification.</summary>
internal sealed record ExecuteRequest(
    string Code, bool Silent, bool StoreHistory, bool AllowStdin, bool StopOnError, IReadOnlyDictionary<string, string> Expressions)
{
    public static ExecuteRequest Read(IncomingMessage request)
    {
        var code = RequestException.CodeOf(request);
        var content = request.Content!.Value;
        var silent = content.FlagOrNull("silent") ?? false;
        var expressions = new Dictionary<string, string>();
        if (content.TryGetProperty("user_expressions", out var asked) && asked.ValueKind == JsonValueKind.Object)
        {
            foreach (var expression in asked.EnumerateObject())
                expressions[expression.Name] = asked.TextOrNull(expression.Name) ?? "";
        }
        return new ExecuteRequest(
            code,
            silent,
            !silent && (content.FlagOrNull("store_history") ?? true),
            content.FlagOrNull("allow_stdin") ?? true,
            content.FlagOrNull("stop_on_error") ?? true,
            expressions);
    }
}
