using XtNotebooks.Kernel.Scripting;

namespace XtNotebooks.Kernel.Tests.Scripting;

/// <summary>A notebook to type cells into.</summary>
internal sealed class Notebook : IAsyncDisposable
{
    private int _count;

    public Notebook(CodeSessionOptions? options = null) => Session = CodeSession.Create(options);

    public CodeSession Session { get; }

    public RecordedOutput Output { get; private set; } = new();

    public async Task<CellResult> Run(
        string code, bool beside = false, RecordedOutput? output = null, CancellationToken cancellationToken = default, CancellationToken atOnce = default)
    {
        if (!beside)
            Output = output ?? new RecordedOutput();
        return await Session.RunAsync(new CellRequest(code, Interlocked.Increment(ref _count), AllowStdin: true, Subshell: beside ? "beside" : null, AtOnce: atOnce), output ?? Output, cancellationToken);
    }

    /// <summary>The value's text; fails with the cell's error where there is one.</summary>
    public async Task<string?> Value(string code)
    {
        var result = await Run(code, cancellationToken: TestContext.Current.CancellationToken);
        Assert.True(result.Status == CellStatus.Ok, result.Error is { } error ? error.Message + "\n" + string.Join('\n', error.Traceback) : "no error told");
        return result.Value?.Data["text/plain"];
    }

    public async Task<CellError> Error(string code)
    {
        var result = await Run(code, cancellationToken: TestContext.Current.CancellationToken);
        Assert.Equal(CellStatus.Error, result.Status);
        return result.Error!;
    }

    public ValueTask DisposeAsync() => Session.DisposeAsync();
}
