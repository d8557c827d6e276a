using XtNotebooks.Extensibility;
using XtNotebooks.Kernel.Scripting;

namespace XtNotebooks.Kernel.Tests.Jupyter;

/// <summary>A session whose language has a dozen words, so that a test says exactly what a cell does.</summary>
internal sealed class FakeSession : ICodeSession
{
    public IComms? Comms { get; set; }

    public List<CellRequest> Ran { get; } = [];

    /// <summary>Set by the word <c>wait</c>, so that a test knows that the cell runs.</summary>
    public SemaphoreSlim Waiting { get; } = new(0);

    public async Task<CellResult> RunAsync(CellRequest request, ICellOutput output, CancellationToken cancellationToken)
    {
        lock (Ran)
            Ran.Add(request);
        await Task.Yield();
        MimeBundle? value = null;
        foreach (var line in request.Code.Split('\n'))
        {
            var words = line.Split(' ', 2);
            var rest = words.Length > 1 ? words[1] : "";
            switch (words[0])
            {
                case "out": output.Stream(StreamName.Stdout, rest + "\n"); break;
                case "err": output.Stream(StreamName.Stderr, rest + "\n"); break;
                case "show": output.Display(MimeBundle.Text(rest), "id"); break;
                case "update": output.UpdateDisplay(MimeBundle.Text(rest), "id"); break;
                case "clear": output.Clear(wait: true); break;
                case "ask": output.Stream(StreamName.Stdout, "got " + (output.ReadLine(rest, rest == "password", cancellationToken) ?? "nothing")); break;
                case "value": value = MimeBundle.Text(rest); break;
                case "fail": return new CellResult(CellStatus.Error, null, new CellError("Failure", rest, ["line 1"], 1));
                case "crash": throw new InvalidOperationException("the session has a bug");
                case "later": _ = Task.Run(async () =>
                {
                    await Task.Delay(200, CancellationToken.None);
                    output.UpdateDisplay(MimeBundle.Text(rest), "id");
                }, CancellationToken.None); break;
                case "wait":
                    Waiting.Release();
                    try
                    {
                        await Task.Delay(Timeout.Infinite, cancellationToken);
                    }
                    catch (OperationCanceledException)
                    {
                        return new CellResult(CellStatus.Interrupted, null, new CellError("Interrupted", "stopped", [], null));
                    }
                    break;
            }
        }
        return new CellResult(CellStatus.Ok, request.Silent ? null : value, null);
    }

    public Task<CompletionReply> CompleteAsync(string code, int position, CancellationToken cancellationToken) =>
        Task.FromResult(new CompletionReply(position - 1, position, [new CompletionMatch($"{code[..position]}!", "function", "(int x)")]));

    public Task<MimeBundle?> InspectAsync(string code, int position, bool detailed, CancellationToken cancellationToken) =>
        Task.FromResult(code.StartsWith("unknown", StringComparison.Ordinal) ? null : MimeBundle.Text($"{code[..position]} {detailed}"));

    public Completeness IsComplete(string code, out string indent)
    {
        indent = code.EndsWith('{') ? "    " : "";
        return code.EndsWith('{') ? Completeness.Incomplete : code.StartsWith(')') ? Completeness.Invalid : Completeness.Complete;
    }

    public Task<IReadOnlyDictionary<string, ExpressionResult>> EvaluateAsync(
        IReadOnlyDictionary<string, string> expressions, CellRequest cell, ICellOutput output, CancellationToken cancellationToken) =>
        Task.FromResult<IReadOnlyDictionary<string, ExpressionResult>>(expressions.ToDictionary(
            pair => pair.Key,
            pair => pair.Value == "bad"
                ? new ExpressionResult(null, new CellError("Bad", "no", [], null))
                : new ExpressionResult(pair.Value == "none" ? null : MimeBundle.Text(pair.Value), null)));

    public Task<CellError?> RunAsideAsync(string what, Action code, ICellOutput? output, CancellationToken cancellationToken)
    {
        try
        {
            code();
            return Task.FromResult<CellError?>(null);
        }
        catch (InvalidOperationException error)
        {
            return Task.FromResult<CellError?>(new CellError("Failure", error.Message, [], null));
        }
    }

    public ValueTask DisposeAsync()
    {
        Waiting.Dispose();
        return ValueTask.CompletedTask;
    }
}
