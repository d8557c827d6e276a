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
    [InlineData("foreach (var i in Forever()) n = i;")]
    [InlineData("while (true) { try { Thread.Sleep(5); throw new Exception(); } catch { } }")]
    [InlineData("while (true) { try { while (true) n++; } catch { } finally { n = 0; } }")]
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
        using var interrupt = new CancellationTokenSource();
        var running = notebook.Run("kept = 42; begun.SetResult();\n" + code, cancellationToken: interrupt.Token);
        await notebook.Run("await begun.Task;", beside: true, output: new RecordedOutput(), cancellationToken: TestContext.Current.CancellationToken);
        await Task.Delay(30, TestContext.Current.CancellationToken);
        await interrupt.CancelAsync();
        var result = await running;
        Assert.Equal(CellStatus.Interrupted, result.Status);
        Assert.StartsWith("The cell was interrupted", result.Error!.Message, StringComparison.Ordinal);
        Assert.Equal("42", await notebook.Value("kept"));
        Assert.Equal("3", await notebook.Value("var sum = 0; foreach (var i in new[] { 1, 2 }) sum += i; sum"));
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
    public async Task Types_with_initializers_and_records_keep_their_meaning()
    {
        await using var notebook = new Notebook();
        Assert.Equal("3", await notebook.Value("""
            class Part { public byte Size = (byte)Math.Min(3, 4); public int? Maybe = Math.Abs(-1); public const string Name = nameof(Part); }
            class Whole(Part first) { public Part[] Parts = { first, new() }; public Func<Part> Make = () => new(); public object Any { get; init; } = new Part(); }
            new Whole(new()).Parts[0].Size
            """));
        Assert.Equal("True, False, Circle { Name = a, Radius = 1 }", await notebook.Value("""
            abstract record Shape(string Name);
            record Circle(string Name, double Radius) : Shape(Name);
            sealed record Pair<T>(T First, T Second) : IComparable<Pair<T>> { public int CompareTo(Pair<T> other) => 0; }
            record Base;
            record Derived : Base;
            $"{new Circle("a", 1) == new Circle("a", 1) && new Pair<int>(1, 2) == new Pair<int>(1, 2)}, {new Base().Equals(new Derived())}, {new Circle("a", 1)}"
            """));
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
    public async Task A_cell_that_is_interrupted_at_the_end_of_its_compilation_hides_no_earlier_variable()
    {
        await using var notebook = new Notebook(new CodeSessionOptions { AbandonAfter = TimeSpan.FromSeconds(20) });
        await notebook.Value("var data = \"kept\";");
        using var interrupt = new CancellationTokenSource();
        // The compiler's warnings are told when all is compiled.
        var result = await notebook.Session.RunAsync(new CellRequest("#warning now\nvar data = \"new\";", 2), new InterruptingOutput(interrupt), interrupt.Token);
        Assert.Equal(CellStatus.Interrupted, result.Status);
        Assert.Equal("kept", await notebook.Value("data"));
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

    [Theory]
    [InlineData("int Endless(int n) => Endless(n + 1) + 1; Endless(0)")]
    [InlineData("int Endless(int n) { return Endless(n + 1) + 1; } Endless(0)")]
    [InlineData("Func<int, int> endless = null; endless = n => endless(n + 1) + 1; endless(0)")]
    [InlineData("class Loop { public int Value => Value + 1; } new Loop().Value")]
    [InlineData("class Loop { public int this[int i] => this[i + 1] + 1; } new Loop()[0]")]
    [InlineData("class Loop { public Loop() => Next = new Loop(); public Loop Next; } new Loop()")]
    [InlineData("class Sum { public static Sum operator +(Sum a, Sum b) => a + b; } new Sum() + new Sum()")]
    [InlineData("class Loop { public Loop Next = new Loop(); } new Loop()")]
    [InlineData("class Loop { public Loop Next { get; } = new(); } new Loop()")]
    [InlineData("class Loop { public Loop[] Next = { new Loop() }; } new Loop()")]
    [InlineData("class Loop { public List<Loop> Next = [new()]; } new Loop()")]
    [InlineData("class Loop(int depth) { public Loop Next = new(depth + 1); } new Loop(0)")]
    [InlineData("class Loop { public Loop() : this(new Loop()) { } public Loop(Loop other) { } } new Loop()")]
    [InlineData("class Base(object part); class Loop() : Base(new Loop()); new Loop()")]
    [InlineData("record Loop(int Depth) { public Loop Next { get; } = new(Depth + 1); } new Loop(0)")]
    [InlineData("record Node { public Node Next; } var a = new Node(); a.Next = a; a.GetHashCode()")]
    [InlineData("record Node(int Id) { public Node Next; } Node a = new(1), b = new(1); a.Next = b; b.Next = a; a.Equals(b)")]
    [InlineData("record Base; sealed record Node<T>(T Id) : Base { public Node<T> Next; } var a = new Node<int>(1); a.Next = a; a.GetHashCode()")]
    [InlineData("sealed record Node { public Node Next; } var a = new Node(); a.Next = a; a.GetHashCode()")]
    [InlineData("record Node { public Node Next; } var a = new Node(); a.Next = a; a.ToString()")]
    [InlineData("class Key { public override int GetHashCode() => new HashSet<Key> { this }.Count; } new Dictionary<Key, int> { [new Key()] = 1 }")]
    [InlineData("class Key { public override bool Equals(object other) => other.Equals(this); public override int GetHashCode() => 1; } new HashSet<Key> { new(), new() }")]
    [InlineData("IEnumerable<int> Numbers() { foreach (var n in Numbers()) yield return n; } Numbers().Count()")]
    [InlineData("Func<int, int> f = null; f = n => f(n) + 1; f(0)")]
    [InlineData("class Number { public static implicit operator int(Number n) => (int)n + 1; } int value = new Number();")]
    public async Task Endless_recursion_is_an_error_of_the_cell(string code)
    {
        await using var notebook = new Notebook();
        var error = await notebook.Error(code);
        Assert.Equal("System.InsufficientExecutionStackException", error.Name);
        Assert.True(error.Traceback.Count < 100);
        Assert.Equal("2", await notebook.Value("1 + 1"));
    }

    [Theory]
    [InlineData("async Task<int> F() => await F() + 1; await F()")]
    [InlineData("async Task<int> F() { await Task.Yield(); return await F() + 1; } await F()")]
    [InlineData("async ValueTask<int> F() => await F() + 1; await F()")]
    [InlineData("async ValueTask<int> F() { await Task.Yield(); return await F() + 1; } await F()")]
    [InlineData("async Task F() { await Task.Yield(); await F().ConfigureAwait(false); } await F();")]
    [InlineData("Func<int, Task<int>> f = null; f = async n => await f(n + 1) + 1; await f(0)")]
    [InlineData("Func<int, Task<int>> f = null; f = async n => { await Task.Yield(); return await f(n + 1) + 1; }; await f(0)")]
    [InlineData("Func<Task> f = null; f = async delegate { await Task.Yield(); await f(); }; await f();")]
    [InlineData("{ async Task<int> F() => await F() + 1; await F(); }")]
    [InlineData("{ async Task<int> F() { await Task.Yield(); return await F() + 1; } await F(); }")]
    [InlineData("class Loop { public async Task<int> F() { await Task.Yield(); return await F() + 1; } } await new Loop().F()")]
    [InlineData("async IAsyncEnumerable<int> G() { await foreach (var n in G()) yield return n; } await foreach (var n in G()) { }")]
    [InlineData("async IAsyncEnumerable<int> G() { await Task.Yield(); await foreach (var n in G()) yield return n; } await foreach (var n in G()) { }")]
    [InlineData("async IAsyncEnumerable<int> G() { yield return 1; await foreach (var n in G()) yield return n; } await foreach (var n in G()) { }")]
    [InlineData("async Task<int> F() => await Task.Run(F) + 1; await F()")]
    [InlineData("async Task F() => await Task.WhenAll(F(), F()); await F();")]
    [InlineData("async Task<int> F() { try { return await F(); } finally { await Task.Yield(); } } await F()")]
    [InlineData("async Task<int> F() { await Task.Yield(); return G() + 1; } int G() => F().GetAwaiter().GetResult(); await F()")]
    public async Task Endless_asynchronous_recursion_is_one_too(string code)
    {
        await using var notebook = new Notebook();
        var error = await notebook.Error(code);
        Assert.Equal("System.InsufficientExecutionStackException", error.Name);
        Assert.True(error.Traceback.Count < 100);
        Assert.Equal("2", await notebook.Value("1 + 1"));
    }

    [Fact]
    public async Task Causes_that_every_level_of_a_recursion_has_wrapped_are_cut_in_the_middle()
    {
        await using var notebook = new Notebook();
        var error = await notebook.Error("""
            async Task F(int n) { try { await F(n + 1); } catch (Exception e) { throw new InvalidOperationException($"at {n}", e); } }
            await F(0);
            """);
        Assert.Equal("at 0", error.Message);
        Assert.True(error.Traceback.Count < 100);
        Assert.Contains("… and 1993 more between this and the first cause", error.Traceback);
        Assert.Contains(error.Traceback, line => line.StartsWith("caused by System.InsufficientExecutionStackException: More than 2,000 calls", StringComparison.Ordinal));
    }

    [Fact]
    public async Task Asynchronous_recursion_with_an_end_and_functions_that_start_themselves_again_go_on()
    {
        await using var notebook = new Notebook();
        Assert.Equal("1000, 1000, 1000", await notebook.Value("""
            async Task<int> Plain(int n) => n == 0 ? 0 : await Plain(n - 1) + 1;
            async ValueTask<int> Yielding(int n) { await Task.Yield(); return n == 0 ? 0 : await Yielding(n - 1) + 1; }
            async IAsyncEnumerable<int> Down(int n) { if (n == 0) yield return 0; else await foreach (var i in Down(n - 1)) yield return i + 1; }
            var count = 0;
            await foreach (var i in Down(1000)) count += i;
            $"{await Plain(1000)}, {await Yielding(1000)}, {count}"
            """));
        // Each ends soon after it has started the next.
        Assert.Equal("5000", await notebook.Value("""
            var done = new TaskCompletionSource<int>();
            async Task Again(int n) { await Task.Yield(); if (n == 5_000) { done.SetResult(n); return; } _ = Again(n + 1); await Task.Yield(); }
            _ = Again(0);
            await done.Task
            """));
        Assert.Equal("5000", await notebook.Value("""
            async Task<int> One() { await Task.Yield(); return 1; }
            var sum = 0;
            for (var i = 0; i < 5_000; i++) sum += await One();
            sum
            """));
    }

    [Fact]
    public async Task Expression_trees_stay_expression_trees_and_lambdas_keep_their_meaning()
    {
        await using var notebook = new Notebook();
        Assert.Equal("x => (x + 1)", await notebook.Value("using System.Linq.Expressions;\nExpression<Func<int, int>> tree = x => x + 1; tree.ToString()"));
        Assert.Equal("True 6", await notebook.Value("""
            var list = new List<int>(); Action<int> add = i => list.Add(i); add(1);
            Func<Task<int>> later = async () => await Task.FromResult(5); Func<Task> nothing = async () => await Task.Yield();
            await nothing(); Func<int> fail = () => throw new Exception(); ref int First(int[] a) => ref a[0];
            $"{list.Count == 1} {await later() + First([1])}"
            """));
        Assert.Equal("2", await notebook.Value("new[] { 1, 2, 3 }.AsQueryable().Where(i => i == 2).First()"));
        Assert.Equal("9", await notebook.Value("(from i in new[] { 1, 2 } from j in new List<int> { 1, 2 } let k = i * j orderby k select k).Sum()"));
    }

    [Fact]
    public async Task Asynchronous_functions_keep_their_meaning_and_their_lines()
    {
        await using var notebook = new Notebook();
        Assert.Equal("3 5 same 1234 ended", await notebook.Value("""
            var log = "";
            async Task<int> Spans() { Span<int> s = [1, 2]; var n = s[0] + s[1]; await Task.Yield(); return n; }
            static async Task<T> Same<T>(T value) { await Task.Yield(); return value; }
            async Task<int> Nested()
            {
                async Task<int> Inner(int n) { Func<Task<int>> f = async () => { await Task.Yield(); return n; }; return await f() + 1; }
                again: var inner = await Inner(1);
                if (inner < 0) goto again;
                return int.TryParse("3", out var three) ? inner + three : 0;
            }
            async IAsyncEnumerable<int> Steps([System.Runtime.CompilerServices.EnumeratorCancellation] CancellationToken token = default)
            {
                try
                {
                    if (token.IsCancellationRequested) yield break;
                    yield return 1;
                    switch (token.CanBeCanceled) { case false: yield return 2; break; }
                    async IAsyncEnumerable<int> More() { yield return 3; await Task.Yield(); yield return 4; }
                    await foreach (var n in More().WithCancellation(token)) yield return n;
                }
                finally { log += " ended"; }
            }
            await foreach (var n in Steps()) log += n;
            $"{await Spans()} {await Nested()} {await Same("same")} {log}"
            """));
        var error = await notebook.Error("""
            async Task Fail(
                int n)
            {
                await Task.Yield();
                throw new ArgumentException("here");
            }
            await Fail(1);
            """);
        Assert.Equal(5, error.Line);
        Assert.Contains(error.Traceback, line => line.Trim() == "throw new ArgumentException(\"here\");");
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

    [Fact]
    public async Task An_exception_of_an_async_void_method_is_told_by_its_cell()
    {
        await using var notebook = new Notebook();
        await notebook.Value("async void Fail() { await Task.Delay(1); throw new InvalidOperationException(\"lost\"); }\nFail();");
        while (!notebook.Output.Stderr.Contains("Unhandled in the background: System.InvalidOperationException: lost", StringComparison.Ordinal))
            await Task.Delay(10, TestContext.Current.CancellationToken);
        Assert.Equal("2", await notebook.Value("1 + 1"));
    }

    [Fact]
    public async Task An_exception_in_work_without_its_cell_s_context_is_told_by_the_cell_that_ran_last()
    {
        await using var notebook = new Notebook();
        await notebook.Value("ThreadPool.UnsafeQueueUserWorkItem(_ => throw new InvalidOperationException(\"without context\"), null);");
        for (var i = 0; i < 200 && !notebook.Output.Stderr.Contains("without context", StringComparison.Ordinal); i++)
            await Task.Delay(50, TestContext.Current.CancellationToken);
        Assert.Contains("Unhandled in the background: System.InvalidOperationException: without context", notebook.Output.Stderr, StringComparison.Ordinal);
    }

    [Fact]
    public async Task An_exception_whose_message_throws_is_told_all_the_same()
    {
        await using var notebook = new Notebook();
        var error = await notebook.Error("class Odd : Exception { public override string Message => throw new Exception(); } throw new Odd();");
        Assert.EndsWith("Odd", error.Name, StringComparison.Ordinal);
        Assert.Contains("its Message failed", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task An_exception_on_a_thread_of_its_own_is_told_and_survived()
    {
        await using var notebook = new Notebook();
        await notebook.Value("var thread = new Thread(() => throw new InvalidOperationException(\"lost\")); thread.Start(); thread.Join();");
        Assert.Equal("2", await notebook.Value("1 + 1"));
    }
}
