using XtNotebooks.Kernel.Scripting;

namespace XtNotebooks.Kernel.Tests.Scripting;

public sealed class CellInputTests
{
    [Theory]
    [InlineData("Console.ReadLine()")]
    [InlineData("Console.In.ReadToEnd().TrimEnd()")]
    [InlineData("Console.In.Peek() == 'n' ? Console.ReadLine() : \"\"")]
    public async Task What_a_cell_leaves_of_a_line_is_not_read_by_another_one(string code)
    {
        await using var notebook = new Notebook();
        Assert.Equal("f", await Answered(notebook, "(char)Console.Read()", "first"));
        Assert.Equal("next", await Answered(notebook, code, "next"));
    }

    [Fact]
    public async Task A_cell_reads_the_rest_of_its_line_before_it_asks_again()
    {
        await using var notebook = new Notebook();
        Assert.Equal("a, bc, d, e, 10", await Answered(notebook, """
            var first = (char)Console.Read();
            var rest = Console.ReadLine();
            var two = new char[5];
            var count = Console.In.Read(two, 0, 1);
            $"{first}, {rest}, {two[0]}, {(char)Console.Read()}, {Console.Read()}"
            """, "abc", "de"));
        Assert.Equal("[], x", await Answered(notebook, "Console.Read(); $\"[{Console.ReadLine()}], {Console.ReadLine()}\"", "a", "x"));
    }

    [Fact]
    public async Task Two_cells_that_ask_at_once_get_their_own_answers()
    {
        await using var notebook = new Notebook();
        using var asked = new SemaphoreSlim(0);
        using var answered = new ManualResetEventSlim();
        var slow = notebook.Run("$\"{(char)Console.Read()}{Console.ReadLine()}\"", output: new RecordedOutput
        {
            Answer = () =>
            {
                asked.Release();
                answered.Wait(TestContext.Current.CancellationToken);
                return "slow";
            },
        });
        await asked.WaitAsync(TestContext.Current.CancellationToken);
        var quick = await notebook.Run("$\"{(char)Console.Read()}{Console.ReadLine()}\"", beside: true, new RecordedOutput { Answer = () => "quick" });
        Assert.Equal("quick", quick.Value?.Data["text/plain"]);
        answered.Set();
        Assert.Equal("slow", (await slow).Value?.Data["text/plain"]);
    }

    private static async Task<string?> Answered(Notebook notebook, string code, params string[] answers)
    {
        var output = new RecordedOutput();
        foreach (var answer in answers)
            output.Answers.Enqueue(answer);
        var result = await notebook.Run(code, output: output, cancellationToken: TestContext.Current.CancellationToken);
        Assert.Equal(CellStatus.Ok, result.Status);
        return result.Value?.Data["text/plain"];
    }
}
