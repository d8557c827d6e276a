using XtNotebooks.Extensibility;
using XtNotebooks.Kernel.Scripting;

namespace XtNotebooks.Kernel.Tests.Scripting;

public sealed class InterruptTests
{
    [Theory]
    [InlineData("while (true) { }")]
    [InlineData("for (;;) ;")]
    [InlineData("do n++; while (true);")]
    [InlineData("again: n++; goto again;")]
    [InlineData("switch (n) { case 0: n++; goto case 1; case 1: n--; goto case 0; }")]
    [InlineData("switch (n) { default: n++; goto default; }")]
    [InlineData("foreach (var i in Forever()) n = i;")]
    [InlineData("while (true) { try { Thread.Sleep(5); throw new Exception(); } catch { } }")]
    [InlineData("while (true) { try { while (true) n++; } catch { } finally { n = 0; } }")]
    [InlineData("while (true) { try { while (true) n++; } finally { while (true) n--; } }")]
    [InlineData("try { while (true) n++; } finally { await Task.Delay(-1); }")]
    [InlineData("try { while (true) n++; } finally { Thread.Sleep(-1); }")]
    [InlineData("class Held : IDisposable { public void Dispose() { while (true) { } } } using (new Held()) while (true) n++;")]
    [InlineData("Enumerable.Range(0, int.MaxValue).Select(i => i + 1L).Where(i => i < 0).Count()")]
    [InlineData("(from i in Forever() where i < 0 select i).Count()")]
    [InlineData("Thread.Sleep(Timeout.Infinite);")]
    [InlineData("new ManualResetEventSlim().Wait();")]
    [InlineData("lock (typeof(string)) Task.Delay(-1).Wait();")]
    [InlineData("await Task.Delay(-1);")]
    [InlineData("while (true) await Task.Delay(1);")]
    [InlineData("await Task.Delay(1); Thread.Sleep(Timeout.Infinite);")]
    [InlineData("await Task.Run(() => { while (true) n++; });")]
    [InlineData("await new TaskCompletionSource<int>().Task")]
    [InlineData("int Deep(int level) => level == 0 ? 0 : Deep(level - 1) + Deep(level - 1); Deep(200)")]
    [InlineData("await foreach (var i in Slowly()) n = i;")]
    [InlineData("async Task Grow() { await Task.Yield(); await Task.WhenAll(Grow(), Grow()); } await Grow();")]
    [InlineData("Task Grow() => Task.Delay(1).ContinueWith(_ => Grow()).Unwrap(); await Grow();")]
    [InlineData("async Task Again() { await Task.Yield(); n++; _ = Again(); } await Again(); await Task.Delay(-1);")]
    [InlineData("await Task.Delay(-1).ConfigureAwait(false);")]
    [InlineData("await new TaskCompletionSource<int>().Task.ConfigureAwait(ConfigureAwaitOptions.ForceYielding)")]
    [InlineData("await new ValueTask<int>(new TaskCompletionSource<int>().Task).ConfigureAwait(false)")]
    [InlineData("await Task.Delay(1).ConfigureAwait(false); while (true) { }")]
    [InlineData("await Task.Delay(1).ConfigureAwait(false); Thread.Sleep(Timeout.Infinite);")]
    [InlineData("async Task<int> Blocks() { await Task.Yield(); await new ValueTask(Task.Delay(1)).ConfigureAwait(continueOnCapturedContext: false); return Task.Delay(-1).Wait(-1) ? 1 : 0; } await Blocks().ConfigureAwait(false)")]
    [InlineData("await foreach (var i in Slowly().WithCancellation(new CancellationToken()).ConfigureAwait(false)) n = i;")]
    [InlineData("Action spin = () => { while (true) n++; }; spin();")]
    [InlineData("Parallel.For(0, 8, i => { while (true) n++; });")]
    public async Task Code_that_never_ends_is_stopped_and_its_variables_are_kept(string code)
    {
        await using var notebook = new Notebook(new CodeSessionOptions { AbandonAfter = TimeSpan.FromSeconds(20) });
        await notebook.Value("""
            long n = 0; var kept = 41; var begun = new TaskCompletionSource();
            IEnumerable<long> Forever() { while (true) yield return 1; }
            async IAsyncEnumerable<int> Slowly() { await Task.Delay(-1); yield return 1; }
            """);
        var result = await RunAndInterrupt(notebook, "kept = 42;\n" + code);
        Assert.Equal(CellStatus.Interrupted, result.Status);
        Assert.StartsWith("The cell was interrupted", result.Error!.Message, StringComparison.Ordinal);
        Assert.Equal("42", await notebook.Value("kept"));
        Assert.Equal("3", await notebook.Value("var sum = 0; foreach (var i in new[] { 1, 2 }) sum += i; sum"));
    }

    [Theory]
    [InlineData("try { while (true) n++; } finally { Save(); }")]
    [InlineData("try { while (true) n++; } finally { await SaveLater(); }")]
    [InlineData("async Task Run() { try { await Task.Delay(-1); } finally { Thread.Sleep(30); lock (begun) for (var i = 0; i < 10; i++) Save(); } } await Run();")]
    [InlineData("IEnumerable<int> Items() { try { while (true) yield return 1; } finally { n = 3; Save(); } } foreach (var item in Items()) n++;")]
    [InlineData("class Held(Action save) : IDisposable { public void Dispose() { foreach (var i in new[] { 1, 2 }) save(); } } using (new Held(Save)) Thread.Sleep(-1);")]
    [InlineData("class Held(Action save) : IDisposable { public void Dispose() => save(); } using (new Held(Save)) Thread.Sleep(-1);")]
    [InlineData("class Held(Action save) : IAsyncDisposable { public ValueTask DisposeAsync() { save(); return default; } } await using (new Held(Save)) while (true) n++;")]
    [InlineData("class Held(Action save) : IAsyncDisposable { public async ValueTask DisposeAsync() { await Task.Delay(5); save(); } } await using var held = new Held(Save); while (true) n++;")]
    [InlineData("try { try { while (true) n++; } finally { Save(); } } catch { } finally { Save(); }\nwhile (true) n++;")]
    public async Task What_cleans_up_when_a_cell_is_interrupted_may_do_so(string code)
    {
        await using var notebook = new Notebook(new CodeSessionOptions { AbandonAfter = TimeSpan.FromSeconds(20), CleanUpFor = TimeSpan.FromSeconds(10) });
        await notebook.Value("""
            long n = 0; var saved = 0; var begun = new TaskCompletionSource();
            void Save() { foreach (var part in new[] { 1, 2 }) saved = 42; }
            async Task SaveLater() { await Task.Delay(10); Save(); }
            """);
        var result = await RunAndInterrupt(notebook, code);
        Assert.Equal(CellStatus.Interrupted, result.Status);
        // What a cell awaited goes on beside what follows.
        Assert.Equal("true", await notebook.Value("SpinWait.SpinUntil(() => saved == 42, 10_000)"));
    }

    [Theory]
    [InlineData("try { Thread.Sleep(60_000); } catch (Exception) { kept = 42; }\nkept + 1", "43")]
    [InlineData("kept = 42; var spinning = new Thread(() => { while (true) { } }); spinning.Start(); spinning.Join();", null)]
    public async Task An_interrupt_that_the_code_swallows_is_told_nevertheless(string code, string? shown)
    {
        await using var notebook = new Notebook(new CodeSessionOptions { AbandonAfter = TimeSpan.FromSeconds(20) });
        await notebook.Value("var kept = 41; var begun = new TaskCompletionSource();");
        var result = await RunAndInterrupt(notebook, code);
        Assert.Equal(CellStatus.Interrupted, result.Status);
        Assert.Equal("Interrupted", result.Error!.Name);
        Assert.Null(result.Value);
        Assert.Equal(shown, notebook.Output.Displays.SingleOrDefault().Bundle?.Data["text/plain"]);
        Assert.Equal("42", await notebook.Value("kept"));
    }

    [Fact]
    public async Task What_cannot_be_stopped_is_left_behind_and_the_session_goes_on()
    {
        await using var notebook = new Notebook(new CodeSessionOptions { AbandonAfter = TimeSpan.FromMilliseconds(100) });
        await notebook.Value("var begun = new TaskCompletionSource(); var kept = 1;");
        using var interrupt = new CancellationTokenSource();
        // Only the framework's code runs here: no check, no wait.
        var running = notebook.Run("begun.SetResult(); kept = 2; Enumerable.Repeat(0.5, int.MaxValue).Sum()", cancellationToken: interrupt.Token);
        await notebook.Run("await begun.Task;", beside: true, output: new RecordedOutput(), cancellationToken: TestContext.Current.CancellationToken);
        await interrupt.CancelAsync();
        var result = await running;
        Assert.Equal(CellStatus.Interrupted, result.Status);
        Assert.Contains("left behind", result.Error!.Message, StringComparison.Ordinal);
        Assert.Equal("2", await notebook.Value("kept"));
    }

    [Fact]
    public async Task Handlers_on_every_level_of_a_recursion_that_are_interrupted_one_after_the_other_do_not_end_the_process()
    {
        await using var notebook = new Notebook(new CodeSessionOptions { AbandonAfter = TimeSpan.FromSeconds(5) });
        await notebook.Value("var begun = new TaskCompletionSource(); var kept = 1; void Log() { }");
        using var interrupt = new CancellationTokenSource();
        var running = notebook.Run(
            "void Deep(int n) { try { if (n < 10_000) Deep(n + 1); begun.TrySetResult(); while (true) kept = 2; } catch { Log(); } } Deep(0);",
            cancellationToken: interrupt.Token);
        await notebook.Run("await begun.Task;", beside: true, output: new RecordedOutput(), cancellationToken: TestContext.Current.CancellationToken);
        await interrupt.CancelAsync();
        Assert.Equal(CellStatus.Interrupted, (await running).Status);
        Assert.Equal("2", await notebook.Value("kept"));
    }

    [Theory]
    [InlineData("void Deep() { try { Deep(); } finally { while (true) Work(); } } Deep();")]
    [InlineData("void Deep() { try { Deep(); } catch { while (true) Work(); } } Deep();")]
    [InlineData("class Held(Action end) : IDisposable { public void Dispose() { while (true) end(); } } void Deep() { using var held = new Held(Work); Deep(); } Deep();")]
    [InlineData("void Deep(int n) { try { if (n < 5_000) Deep(n + 1); while (true) Work(); } finally { while (true) kept = 3; } } Deep(0);")]
    public async Task What_cleans_up_without_end_on_every_level_of_a_recursion_is_stopped_as_a_whole(string code)
    {
        await using var notebook = new Notebook(new CodeSessionOptions { AbandonAfter = TimeSpan.FromSeconds(30), CleanUpFor = TimeSpan.FromSeconds(0.5) });
        await notebook.Value("var begun = new TaskCompletionSource(); var kept = 1; Thread runs = null; void Work() { kept = 2; begun.TrySetResult(); }");
        using var interrupt = new CancellationTokenSource();
        var running = notebook.Run("runs = Thread.CurrentThread; " + code, cancellationToken: interrupt.Token);
        await notebook.Run("await begun.Task;", beside: true, output: new RecordedOutput(), cancellationToken: TestContext.Current.CancellationToken);
        await interrupt.CancelAsync();
        var result = await running;
        Assert.Equal(CellStatus.Interrupted, result.Status);
        Assert.DoesNotContain("left behind", result.Error!.Message, StringComparison.Ordinal);
        Assert.Equal("true", await notebook.Value("kept > 1 && runs.Join(60_000)"));
    }

    [Fact]
    public async Task What_cleans_up_may_give_variables_their_first_value()
    {
        await using var notebook = new Notebook();
        Assert.Equal("111111", await notebook.Value("""
            void First(out int a)
            {
                int b; (int, int) c; int d, e;
                try { } finally { a = 1; }
                try { } finally { b = 10; c = (100, 0); void Set(out int value) => value = 1000; Set(out d); (e, _) = (10_000, 0); }
                switch (a) { default: int f; try { } finally { f = 100_000; } a += f; break; }
                a += b + c.Item1 + d + e;
            }
            First(out var sum);
            sum
            """));
        Assert.Equal("3", await notebook.Value("int first; try { } finally { first = 3; }\nfirst"));
        Assert.Equal("4", await notebook.Value("{ int second; try { } finally { second = 4; } Console.Write(second); }\n4"));
    }

    [Fact]
    public async Task What_cleans_up_without_end_does_not_keep_the_blocks_around_it_from_theirs()
    {
        await using var notebook = new Notebook(new CodeSessionOptions { AbandonAfter = TimeSpan.FromSeconds(20), CleanUpFor = TimeSpan.FromMilliseconds(20) });
        await notebook.Value("var begun = new TaskCompletionSource(); var kept = 1; long n = 0;");
        var result = await RunAndInterrupt(notebook, "try { try { while (true) n++; } finally { while (true) n++; } } finally { kept = 42; }");
        Assert.Equal(CellStatus.Interrupted, result.Status);
        Assert.Equal("42", await notebook.Value("kept"));
    }

    [Fact]
    public async Task A_cell_that_is_interrupted_while_it_is_compiled_is_left_within_the_time_of_any_other()
    {
        await using var notebook = new Notebook(new CodeSessionOptions { AbandonAfter = TimeSpan.FromMilliseconds(30) });
        using var interrupt = new CancellationTokenSource();
        // So much work for the binder that it is still at it.
        var code = $"class Big {{ {string.Concat(Enumerable.Range(0, 60_000).Select(i => $"int M{i}(int a) => a + {i};\n"))} }} 1";
        var running = notebook.Run(code, cancellationToken: interrupt.Token);
        await Task.Delay(100, TestContext.Current.CancellationToken);
        await interrupt.CancelAsync();
        var result = await running;
        Assert.Equal(CellStatus.Interrupted, result.Status);
        Assert.Equal("2", await notebook.Value("1 + 1"));
    }

    [Fact]
    public async Task Code_that_keeps_the_compiler_busy_is_left_behind_and_other_cells_are_compiled()
    {
        await using var notebook = new Notebook(new CodeSessionOptions { AbandonAfter = TimeSpan.FromMilliseconds(30) });
        await notebook.Value("var kept = 1;");
        using var interrupt = new CancellationTokenSource();
        // Just not refused: what the compiler does for it doubles with every second level, without a look at the interrupt.
        var nested = string.Concat(Enumerable.Repeat("$\"{", CodeNesting.DeepestText)) + "1" + string.Concat(Enumerable.Repeat("}\"", CodeNesting.DeepestText));
        var running = notebook.Run("var lost = " + nested + ";", cancellationToken: interrupt.Token);
        await Task.Delay(400, TestContext.Current.CancellationToken);
        await interrupt.CancelAsync();
        var result = await running;
        Assert.Equal(CellStatus.Interrupted, result.Status);
        Assert.Contains("a thread that was left behind", result.Error!.Message, StringComparison.Ordinal);
        Assert.Equal("2", await notebook.Value("kept += 1; kept"));
        Assert.Equal("3", await notebook.Value("var more = kept + 1; more"));
        Assert.Contains("lost", (await notebook.Error("lost")).Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_cell_that_is_interrupted_at_the_end_of_its_compilation_hides_no_earlier_variable()
    {
        await using var notebook = new Notebook(new CodeSessionOptions { AbandonAfter = TimeSpan.FromSeconds(20) });
        await notebook.Value("var data = \"kept\";");
        using var interrupt = new CancellationTokenSource();
        // The compiler's warnings are told when all is compiled.
        var result = await notebook.Session.RunAsync(new CellRequest("#warning now\nvar data = \"new\";", 2), new InterruptingOutput(interrupt), interrupt.Token);
        Assert.Equal(CellStatus.Interrupted, result.Status);
        Assert.Equal("kept", await notebook.Value("data"));
        Assert.Equal("new", await notebook.Value("data = \"new\"; var more = data; more"));
    }

    /// <summary>Interrupts the cell that writes, and lets it go on once it can know.</summary>
    private sealed class InterruptingOutput(CancellationTokenSource interrupt) : ICellOutput
    {
        public void Stream(StreamName stream, string text)
        {
            interrupt.Cancel();
            SpinWait.SpinUntil(() => CellContext.Current!.CancellationToken.IsCancellationRequested);
        }

        public void Display(MimeBundle bundle, string? displayId)
        {
        }

        public void UpdateDisplay(MimeBundle bundle, string displayId)
        {
        }

        public void Clear(bool wait)
        {
        }

        public string? ReadLine(string prompt, bool password, CancellationToken cancellationToken) => null;
    }

    [Fact]
    public async Task Tasks_that_an_interrupted_cell_started_stop_too_those_that_had_not_begun_included()
    {
        var begun = Guid.NewGuid().ToString();
        await using var notebook = new Notebook();
        await notebook.Value("Task[] tasks = [];");
        using var interrupt = new CancellationTokenSource();
        // As the kernel does: from a thread of its own, since the cell fills the pool.
        new Thread(() =>
        {
            while (AppContext.GetData(begun) is null)
                Thread.Sleep(20);
            interrupt.Cancel();
        }) { IsBackground = true }.Start();
        // More than the thread pool begins at once, and the cell's own wait is broken before they have noticed.
        var result = await notebook.Run($$"""
            tasks = [.. Enumerable.Range(0, 64).Select(_ => Task.Run(() => { while (true) Thread.Sleep(100); }))];
            AppContext.SetData("{{begun}}", "");
            Task.WaitAll(tasks);
            """, cancellationToken: interrupt.Token);
        Assert.Equal(CellStatus.Interrupted, result.Status);
        Assert.Equal("64", await notebook.Value("try { await Task.WhenAll(tasks); } catch { }\ntasks.Count(t => t.IsCompleted)"));
    }

    /// <summary>Runs code that follows <c>begun.SetResult()</c>, and interrupts it once that was reached.</summary>
    private static async Task<CellResult> RunAndInterrupt(Notebook notebook, string code)
    {
        using var interrupt = new CancellationTokenSource();
        var running = notebook.Run("begun.SetResult(); " + code, cancellationToken: interrupt.Token);
        await notebook.Run("await begun.Task;", beside: true, output: new RecordedOutput(), cancellationToken: TestContext.Current.CancellationToken);
        await Task.Delay(30, TestContext.Current.CancellationToken);
        await interrupt.CancelAsync();
        return await running;
    }
}
