namespace XtNotebooks.Kernel.Tests.Scripting;

/// <summary>Iterators that read from one another: too many are an error, and only those count that run.</summary>
public sealed class IteratorRecursionTests
{
    [Theory]
    [InlineData("IEnumerable<int> From(int n) { begun++; yield return n; foreach (var next in From(n + 1)) yield return next; }", "From(0).Count()")]
    [InlineData("class Loop { public static int Begun; public IEnumerable<int> All { get { Begun++; yield return 1; foreach (var next in All) yield return next; } } }",
        "try { new Loop().All.Sum(); } finally { begun = Loop.Begun; }")]
    public async Task Endless_recursion_through_yield_is_an_error_long_before_the_end_of_the_stack(string declared, string code)
    {
        await using var notebook = new Notebook();
        await notebook.Value("var begun = 0;\n" + declared);
        var error = await notebook.Error(code);
        Assert.StartsWith("More than 10,000 iterators read from one another", error.Message, StringComparison.Ordinal);
        Assert.Equal("System.InsufficientExecutionStackException", error.Name);
        Assert.True(error.Traceback.Count < 100);
        Assert.Equal("10000", await notebook.Value("begun"));
    }

    [Fact]
    public async Task Recursion_with_an_end_and_iterators_that_do_not_run_go_on()
    {
        await using var notebook = new Notebook();
        await notebook.Value("""
            IEnumerable<int> Down(int n) { yield return n; if (n > 0) foreach (var next in Down(n - 1)) yield return next; }
            IEnumerable<int> Tree(int depth) { if (depth > 0) foreach (var next in Tree(depth - 1)) yield return next; yield return depth; if (depth > 0) foreach (var next in Tree(depth - 1)) yield return next; }
            IEnumerable<int> Failing() { yield return 1; throw new ArgumentException("on purpose"); }
            IEnumerable<int> Cleaning() { try { yield return 1; yield return 2; } finally { cleaned += Down(3).Count(); } }
            var cleaned = 0;
            """);
        // Deep, and wide: two thousand levels, 65,535 iterators.
        Assert.Equal("2001, 65535", await notebook.Value("$\"{Down(2000).Count()}, {Tree(15).Count()}\""));
        // Begun and left, thrown through, disposed of in the middle: more than may run at a time, each over when the next one begins.
        Assert.Equal("20000, 80000", await notebook.Value("""
            var thrown = 0;
            for (var i = 0; i < 20_000; i++)
            {
                _ = Down(5).First();
                foreach (var item in Cleaning()) break;
                try { foreach (var item in Failing()) { } } catch (ArgumentException) { thrown++; }
            }
            $"{thrown}, {cleaned}"
            """));
        // All begun, none over.
        Assert.Equal("20000", await notebook.Value("""
            var open = new List<IEnumerator<int>>();
            for (var i = 0; i < 20_000; i++) { open.Add(Down(1).GetEnumerator()); open[i].MoveNext(); }
            open.ForEach(each => each.MoveNext());
            open.ForEach(each => each.Dispose());
            open.Count
            """));
        // On other threads, and from one thread to the next.
        Assert.Equal("50050, 1001", await notebook.Value("""
            long total = 0;
            Parallel.For(0, 50, i => Interlocked.Add(ref total, Down(1000).Count()));
            using var wandering = Down(1000).GetEnumerator();
            var items = 0;
            while (await Task.Run(wandering.MoveNext)) items++;
            $"{total}, {items}"
            """));
    }

    [Fact]
    public async Task Iterators_keep_their_meaning_and_their_lines()
    {
        await using var notebook = new Notebook();
        Assert.Equal("1 2 3 | a0 b0 a1 b1 | 5 | end 7 default", await notebook.Value("""
            var log = "";
            IEnumerable<int> Steps(bool three)
            {
                try
                {
                    yield return 1;
                    again: yield return 2;
                    if (!three) goto again;
                    else yield return 3;
                    IEnumerable<int> None() { yield break; }
                    foreach (var none in None()) yield return none;
                    yield break;
                }
                finally { log += "end "; }
            }
            static IEnumerable<T> Same<T>(params T[] items) { foreach (var item in items) yield return item; }
            class Pairs { public IEnumerable<string> this[int count] { get { for (var i = 0; i < count; i++) { yield return $"a{i}"; yield return $"b{i}"; } } } }
            struct Five { int n; public Five(int n) => this.n = n; public IEnumerator<int> GetEnumerator() { switch (n) { case 5: yield return n; break; default: yield return default; break; } } }
            var five = 0;
            foreach (var n in new Five(5)) five = n;
            IEnumerable<object> Objects() { yield return null; yield return new(); yield return 7; yield return "default"; }
            $"{string.Join(' ', Steps(true))} | {string.Join(' ', new Pairs()[2])} | {five} | {log}{string.Join(' ', Same(Objects().Skip(2).ToArray()))}"
            """));
        var error = await notebook.Error("""
            IEnumerable<int> Fail(
                int n)
            {
                yield return n;
                throw new ArgumentException("here");
            }
            Fail(1).Count()
            """);
        Assert.Equal(5, error.Line);
        Assert.Contains(error.Traceback, line => line.Trim() == "throw new ArgumentException(\"here\");");
    }
}
