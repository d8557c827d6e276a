using XtNotebooks.Extensibility;
using XtNotebooks.Kernel.Scripting;

namespace XtNotebooks.Kernel.Tests.Scripting;

/// <summary>An interrupt of a magic that works in steps.</summary>
public sealed class SteppedMagicTests
{
    // A step of the reader's own code, longer than other code is given, and what is left where it ended.
    private const string Steps = """
        var begun = new TaskCompletionSource(); var steps = 0; var result = 0; var hold = 400;
        Action step = () => { begun.TrySetResult(); Thread.Sleep(hold); for (var i = 0; i < 3; i++) steps++; };
        """;

    private static Notebook WithSteps(TimeSpan? stopsWithin)
    {
        var notebook = new Notebook(new CodeSessionOptions { AbandonAfter = TimeSpan.FromMilliseconds(50) });
        notebook.Session.Notebook.AddMagic(new MagicCommand
        {
            Name = "#!steps", Summary = "Takes steps.", StopsWithin = stopsWithin,
            Options = [new() { Name = "--step", Summary = "A step.", Type = typeof(Action), Required = true }],
            Run = (call, token) => Task.Run(() =>
            {
                while (!token.IsCancellationRequested)
                    call.Require<Action>("--step")();
                call.Notebook.SetVariable("result", 42, typeof(int));
                token.ThrowIfCancellationRequested();
            }, CancellationToken.None),
        });
        return notebook;
    }

    private static async Task<CellResult> InterruptSteps(Notebook notebook, CancellationToken atOnce = default)
    {
        using var interrupt = new CancellationTokenSource();
        var running = notebook.Run("#!steps --step step", cancellationToken: interrupt.Token, atOnce: atOnce);
        await notebook.Run("await begun.Task;", beside: true, output: new RecordedOutput(), cancellationToken: TestContext.Current.CancellationToken);
        await interrupt.CancelAsync();
        return await running;
    }

    [Fact]
    public async Task A_magic_that_says_so_finishes_its_step_before_its_cell_is_interrupted()
    {
        await using var notebook = WithSteps(TimeSpan.FromSeconds(60));
        await notebook.Value(Steps);
        var result = await InterruptSteps(notebook);
        Assert.Equal(CellStatus.Interrupted, result.Status);
        Assert.StartsWith("The cell was interrupted", result.Error!.Message, StringComparison.Ordinal);
        Assert.Contains("Stopping after the current step; interrupt again", notebook.Output.Stderr, StringComparison.Ordinal);
        // Whole steps, however many fitted in before the interrupt came.
        Assert.Equal("True True 42", await notebook.Value("$\"{steps > 0} {steps % 3 == 0} {result}\""));
    }

    [Fact]
    public async Task One_that_does_not_is_left_behind()
    {
        await using var notebook = WithSteps(null);
        await notebook.Value(Steps);
        Assert.Contains("left behind", (await InterruptSteps(notebook)).Error!.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_step_that_loops_for_ever_stops_once_nobody_waits_for_it()
    {
        await using var notebook = WithSteps(TimeSpan.FromMilliseconds(200));
        await notebook.Value(Steps + "var ticks = 0; step = () => { begun.TrySetResult(); while (true) { ticks++; Thread.Sleep(1); } };");
        Assert.Equal(CellStatus.Interrupted, (await InterruptSteps(notebook)).Status);
        Assert.Equal("true", await notebook.Value("""
            var seen = -1;
            for (var i = 0; i < 20 && seen != ticks; i++) { seen = ticks; await Task.Delay(500); }
            ticks > 0 && seen == ticks
            """));
    }

    [Fact]
    public async Task A_reader_who_insists_or_a_step_that_never_ends_is_not_waited_for()
    {
        await using var patient = WithSteps(TimeSpan.FromMilliseconds(200));
        await patient.Value(Steps + "hold = 60_000;");
        Assert.Contains("left behind", (await InterruptSteps(patient)).Error!.Message, StringComparison.Ordinal);
        await using var notebook = WithSteps(TimeSpan.FromDays(1));
        await notebook.Value(Steps + "hold = 60_000;");
        using var atOnce = new CancellationTokenSource();
        var running = InterruptSteps(notebook, atOnce.Token);
        while (!notebook.Output.Stderr.Contains("interrupt again", StringComparison.Ordinal))
            await Task.Delay(10, TestContext.Current.CancellationToken);
        Assert.False(running.IsCompleted);
        await atOnce.CancelAsync();
        Assert.Contains("left behind", (await running).Error!.Message, StringComparison.Ordinal);
    }
}
