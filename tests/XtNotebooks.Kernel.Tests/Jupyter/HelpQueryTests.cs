using XtNotebooks.Kernel.Jupyter.Requests;

namespace XtNotebooks.Kernel.Tests.Jupyter;

public class HelpQueryTests
{
    [Theory]
    [InlineData("Console.WriteLine?", "Console.WriteLine", false)]
    [InlineData("  x??\n", "x", true)]
    [InlineData("List<int>?", "List<int>", false)]
    [InlineData("#!time?", "#!time", false)]
    public void A_name_with_question_marks_asks_what_it_is(string code, string name, bool detailed) =>
        Assert.Equal(new HelpQuery(name, detailed), HelpQuery.TryParse(code));

    [Theory]
    [InlineData("x")]
    [InlineData("x ? 1 : 2")]
    [InlineData("a ?? b")]
    [InlineData("int? x;")]
    [InlineData("?")]
    [InlineData("f()?")]
    [InlineData("x???")]
    public void Code_is_left_alone(string code) => Assert.Null(HelpQuery.TryParse(code));
}
