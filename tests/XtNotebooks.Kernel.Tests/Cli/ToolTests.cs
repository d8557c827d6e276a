using XtNotebooks.Kernel.Cli;

namespace XtNotebooks.Kernel.Tests.Cli;

public class ToolTests
{
    [Theory]
    [InlineData("xt-notebooks: 'rnu' is no command or option here. See 'xt-notebooks --help'.", "rnu", "a.ipynb")]
    [InlineData("See 'xt-notebooks run --help'.", "run")]
    public async Task A_command_line_that_cannot_be_understood_is_one_line_and_exit_code_2(string sentence, params string[] args)
    {
        var (code, _, error) = await Invoke(args);
        Assert.Equal(ExitCode.Usage, code);
        Assert.Contains(sentence, error);
        Assert.Equal(Environment.NewLine, error[^Environment.NewLine.Length..]);
        Assert.Single(error.Split(Environment.NewLine, StringSplitOptions.RemoveEmptyEntries));
    }

    [Fact]
    public async Task Without_arguments_the_help_is_shown_and_the_exit_code_is_2()
    {
        var (code, output, _) = await Invoke();
        Assert.Equal(ExitCode.Usage, code);
        Assert.Contains("Usage:", output);
        Assert.Contains("run <NOTEBOOK>", output);
    }

    [Theory]
    [InlineData("--help")]
    [InlineData("--version")]
    [InlineData("run", "--help")]
    public async Task What_only_asks_is_answered_with_exit_code_0(params string[] args)
    {
        var (code, output, error) = await Invoke(args);
        Assert.Equal(ExitCode.Ok, code);
        Assert.NotEmpty(output);
        Assert.Empty(error);
    }

    private static async Task<(int Code, string Output, string Error)> Invoke(params string[] args)
    {
        await using var output = new StringWriter();
        await using var error = new StringWriter();
        var code = await Tool.InvokeAsync(Tool.CreateRoot(), args, output, error, TestContext.Current.CancellationToken);
        return (code, output.ToString(), error.ToString());
    }
}
