using XtNotebooks.Extensibility;
using XtNotebooks.Kernel.Scripting;
using XtNotebooks.Kernel.Tests.Notebooks;

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

    [Theory]
    [InlineData("int F() =>\n    1;", 3)]
    [InlineData("int F()\n    =>\n    // one\n    1\n    // is it\n    ;", 7)]
    [InlineData("void F(bool b) =>\n    Console.Write(b);", 3)]
    [InlineData("int F() =>\n    throw\n    new Exception();", 4)]
    [InlineData("Func<int> f = () =>\n    throw\n    new Exception();", 4)]
    [InlineData("async Task<int> F() =>\n    await\n    Task.FromResult(1);", 4)]
    [InlineData("class C\n{\n    public int P =>\n        1;\n    public int this[int i] =>\n        i;\n    public int G { get =>\n        2; }\n    public C() =>\n        Q = 1;\n    public int Q;\n}", 13)]
    [InlineData("int F() =>\n#if DEBUG\n    1\n#else\n    2\n#endif\n    ;", 8)]
    [InlineData("try { }\ncatch // all\n{\n    throw;\n}\nfinally // last\n{\n    GC.KeepAlive(1);\n} // done", 10)]
    [InlineData("class D : IDisposable\n{\n    public void Dispose() => Console.Write(1)\n\n    // b\n    ;\n}\nint x = 0;", 9)]
    [InlineData("class D : IAsyncDisposable\n{\n    public async ValueTask DisposeAsync() =>\n        await Task.Yield()\n    ;\n}", 7)]
    public async Task What_stands_behind_a_function_or_a_handler_keeps_its_line(string before, int line)
    {
        await using var notebook = new Notebook();
        Assert.Equal(line, (await notebook.Error(before + "\nthrow new ArgumentException();")).Line);
    }

    [Fact]
    public async Task What_an_arrow_function_throws_has_the_line_of_its_expression()
    {
        await using var notebook = new Notebook();
        var error = await notebook.Error("int Half(int n) =>\n    n % 2 == 0\n        ? n / 2\n        : throw new ArgumentException();\nHalf(3)");
        Assert.Contains(error.Traceback, line => line.EndsWith("Cell 1, line 2", StringComparison.Ordinal));
        Assert.Contains(error.Traceback, line => line.EndsWith("the cell in Cell 1, line 5", StringComparison.Ordinal));
    }

    [Theory]
    [InlineData("try { Console.Write(1); } catch (Exception e) { }", "CS0168")]
    [InlineData("try { Console.Write(1); } catch (Exception) when (true) { Console.Write(2); }", "CS7095")]
    [InlineData("bool b; try { Console.Write(1); } catch (Exception) when (b = true) { Console.Write(b); }", "CS0665")]
    public async Task Warnings_for_handlers_are_shown(string code, string id)
    {
        await using var notebook = new Notebook();
        await notebook.Run(code);
        Assert.Contains(id, notebook.Output.Stderr, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("int F() { int x; try { Console.Write(1); } finally { (x) = 3; } return x; }")]
    [InlineData("int F() { try { Console.Write(1); } catch (Exception) { Console.Write(2); } catch { Console.Write(3); } return 3; }")]
    [InlineData("class C { public IFormattable Text = $\"{int.Parse(\"3\")}\"; } int F() => int.Parse(new C().Text.ToString()!);")]
    public async Task Code_that_does_not_compile_with_every_check_has_those_of_its_functions(string code)
    {
        await using var notebook = new Notebook();
        var error = await notebook.Error(code + "\nint Deeper(int n) => Deeper(n + 1) + 1;\nConsole.Write(F()); Deeper(0)");
        Assert.Equal("System.InsufficientExecutionStackException", error.Name);
    }

    [Theory]
    [InlineData("class C\n{\n    public int P => 1;\n#if DEBUG\n#endif\n}")]
    [InlineData("void F(int n)\n{\n    while (n-- > 0)\n#if !DEBUG\n        Console.Write(n);\n#endif\n}")]
    [InlineData("void F()\n{\n    try { }\n    finally\n#if !DEBUG\n    {\n        Console.Write(1);\n    }\n#endif\n}")]
    [InlineData("IEnumerable<int> F()\n{\n    if (true)\n#if !DEBUG\n        yield return 1;\n#endif\n}\n#pragma warning restore")]
    [InlineData("void F()\n{\n#if !DEBUG\n    try\n    {\n    }\n    catch\n    {\n#if !DEBUG\n        throw;\n#endif\n    }\n#endif\n    while (false)\n    {\n#if DEBUG\n#endif\n    }\n}")]
    [InlineData("async Task F()\n#if !DEBUG\n{ await Task.Yield(); }\n#endif")]
    [InlineData("async IAsyncEnumerable<int> F()\n{\n    await Task.Yield();\n    if (true)\n#if !DEBUG\n        yield return 1;\n#endif\n}\n#pragma warning restore")]
    public async Task A_loaded_file_with_directives_has_its_checks(string file)
    {
        using var folder = new TemporaryFolder();
        folder.File("file.csx", file + "\nint Deeper(int n) => Deeper(n + 1) + 1;");
        await using var notebook = new Notebook(new CodeSessionOptions { WorkingDirectory = folder.Path });
        Assert.Equal("System.InsufficientExecutionStackException", (await notebook.Error("#load \"file.csx\"\nDeeper(0)")).Name);
    }

    [Theory]
    [InlineData("int F() =>\n    1\nConsole.Write(2);")]
    [InlineData("class C\n{\n    public int P => 1\n}")]
    [InlineData("class C\n{\n    public int P { get => 1 }\n    public void M() => Console.Write(1)\n}")]
    public async Task A_function_with_an_arrow_needs_its_semicolon(string code)
    {
        await using var notebook = new Notebook();
        Assert.Contains("CS1002", (await notebook.Error(code)).Message, StringComparison.Ordinal);
    }
}
