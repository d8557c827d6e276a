using XtNotebooks.Extensibility;
using XtNotebooks.Kernel.Scripting;

namespace XtNotebooks.Kernel.Tests.Notebooks;

/// <summary>A session whose cells do what the test says, by the cell's text.</summary>
internal sealed class FakeSession : ICodeSession
{
    private readonly Dictionary<string, Func<CellRequest, ICellOutput, CancellationToken, Task<CellResult>>> cells = [];

    /// <summary>The texts of the cells that were run, in order.</summary>
    public List<string> Ran { get; } = [];

    public bool IsDisposed { get; private set; }

    public IComms? Comms { get; set; }

    public FakeSession On(string code, Action<ICellOutput> act) => On(code, (_, output, _) =>
    {
        act(output);
        return Task.FromResult(Ok);
    });

    public FakeSession On(string code, CellResult result) => On(code, (_, _, _) => Task.FromResult(result));

    public FakeSession On(string code, Func<CellRequest, ICellOutput, CancellationToken, Task<CellResult>> run)
    {
        cells[code] = run;
        return this;
    }

    public static CellResult Ok { get; } = new(CellStatus.Ok, null, null);

    public static CellResult Value(string text) => new(CellStatus.Ok, MimeBundle.Text(text), null);

    public static CellResult Failed(string name, string message, int? line = null) =>
        new(CellStatus.Error, null, new CellError(name, message, [$"\e[31m{name}\e[0m: {message}"], line));

    /// <summary>A cell that never ends by itself.</summary>
    public static async Task<CellResult> Endless(CancellationToken cancellationToken)
    {
        try
        {
            await Task.Delay(Timeout.Infinite, cancellationToken);
        }
        catch (OperationCanceledException)
        {
            // An interrupt.
        }
        return new(CellStatus.Interrupted, null, new CellError("Interrupted", "The cell was interrupted.", [], null));
    }

    public Task<CellResult> RunAsync(CellRequest request, ICellOutput output, CancellationToken cancellationToken)
    {
        lock (Ran)
            Ran.Add(request.Code);
        return cells.TryGetValue(request.Code, out var run) ? run(request, output, cancellationToken) : Task.FromResult(Ok);
    }

    public Task<CompletionReply> CompleteAsync(string code, int position, CancellationToken cancellationToken) => throw new NotSupportedException();

    public Task<MimeBundle?> InspectAsync(string code, int position, bool detailed, CancellationToken cancellationToken) => throw new NotSupportedException();

    public Completeness IsComplete(string code, out string indent) => throw new NotSupportedException();

    public Task<IReadOnlyDictionary<string, ExpressionResult>> EvaluateAsync(
        IReadOnlyDictionary<string, string> expressions, CellRequest cell, ICellOutput output, CancellationToken cancellationToken) =>
        throw new NotSupportedException();

    public Task<CellError?> RunAsideAsync(string what, Action code, ICellOutput? output, CancellationToken cancellationToken) => throw new NotSupportedException();

    public ValueTask DisposeAsync()
    {
        IsDisposed = true;
        return ValueTask.CompletedTask;
    }
}
