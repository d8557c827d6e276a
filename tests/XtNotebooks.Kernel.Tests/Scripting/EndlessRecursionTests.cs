using XtNotebooks.Extensibility;
using XtNotebooks.Kernel.Scripting;

namespace XtNotebooks.Kernel.Tests.Scripting;

public sealed class EndlessRecursionTests
{
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

    [Fact]
    public async Task What_handles_endless_recursion_on_every_level_may_call_functions()
    {
        await using var notebook = new Notebook();
        await notebook.Value("void Log(string text) { } void Visit(int n) { try { Visit(n + 1); } catch (Exception e) { Log(e.Message); } } Visit(0);");
        Assert.Equal("2", await notebook.Value("1 + 1"));
    }

    [Theory]
    [InlineData("void Visit() { try { Visit(); } catch { Visit(); } } Visit();")]
    [InlineData("void Visit(int n) { try { Visit(n + 1); } catch (Exception e) { throw new Exception($\"at {n}\", e); } } Visit(0);")]
    [InlineData("void Visit() { try { Visit(); } catch { throw; } } Visit();")]
    [InlineData("void Retry() { try { throw new Exception(); } catch { Retry(); } } Retry();")]
    [InlineData("void Visit() { try { Visit(); } catch { Visit(); } } await Task.Run(Visit);")]
    [InlineData("void Visit() { try { Visit(); } catch (IOException) { } catch (Exception) { Visit(); } } Visit();")]
    [InlineData("void Visit(int n) { try { Visit(n + 1); } catch (Exception e) when (e.Message.Length > 0) { try { Visit(n); } catch { Visit(n); } } } Visit(0);")]
    [InlineData("void Visit() { try { Visit(); } finally { Visit(); } } Visit();")]
    [InlineData("void Visit() { try { Visit(); } catch { Visit(); } finally { Visit(); } } Visit();")]
    [InlineData("class Held(Action end) : IDisposable { public void Dispose() => end(); } void Visit() { using var held = new Held(() => { }); Visit(); } Visit();")]
    public async Task Endless_recursion_that_is_caught_on_every_level_is_an_error_of_the_cell(string code)
    {
        await using var notebook = new Notebook(new CodeSessionOptions { AbandonAfter = TimeSpan.FromMilliseconds(100) });
        await notebook.Value("Thread runs = null; var pooled = false;");
        Assert.Contains("Exception", (await notebook.Error(code.Replace("try {", "try { runs = Thread.CurrentThread; pooled = runs.IsThreadPoolThread;", StringComparison.Ordinal))).Name, StringComparison.Ordinal);
        Assert.Equal("2", await notebook.Value("1 + 1"));
        // A stack as deep as this, left behind, would make every garbage collection a walk over all of it.
        Assert.Equal("true", await notebook.Value("runs is null || pooled || runs.Join(60_000)"));
    }

    [Fact]
    public async Task Handlers_and_what_runs_at_last_see_every_other_exception()
    {
        await using var notebook = new Notebook();
        await notebook.Value("""
            var seen = new List<string>();
            int Depth(int n) { try { return Depth(n + 1); } catch (InsufficientExecutionStackException) { return n; } finally { if (n < 2) seen.Add($"finally {n}"); } }
            var deep = Depth(0);
            void Visit() { try { Visit(); } catch { Visit(); } finally { Visit(); } }
            try { await Task.Run(Visit); } catch (Exception e) { seen.Add(e.Message.Split(',')[0]); }
            """);
        Assert.Equal("finally 1, finally 0, The calls were nested too deep", await notebook.Value("string.Join(\", \", seen)"));
        await notebook.Value("""
            for (var i = 0; i < 100; i++)
            {
                await Task.Run(() =>
                {
                    int set;
                    try { set = 1; } finally { seen.Clear(); }
                    try { throw new InvalidOperationException("a"); }
                    catch (InvalidOperationException) when (set == 2) { seen.Add("filter"); }
                    catch { seen.Add("caught"); }
                    finally { seen.Add("finally"); }
                });
                if (string.Join(" ", seen) != "caught finally") throw new Exception(string.Join(" ", seen));
            }
            """);
        var unreachable = await notebook.Error("try { } catch (Exception) { } catch (IOException) { }");
        Assert.Contains("CS0160", unreachable.Message, StringComparison.Ordinal);
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
}
