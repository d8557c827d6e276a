using XtNotebooks.Extensibility;
using XtNotebooks.Kernel.Scripting;

namespace XtNotebooks.Kernel.Tests.Scripting;

/// <summary>Cells are rewritten so that they can be stopped, and mean the same.</summary>
public sealed class RewrittenCellsTests
{
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
}
