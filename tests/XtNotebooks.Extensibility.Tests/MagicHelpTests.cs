namespace XtNotebooks.Extensibility.Tests;

public sealed class MagicHelpTests
{
    private static string Help(MagicOption option) => MagicHelp.Of(new()
    {
        Name = "#!count", Summary = "Counts.", Options = [option], Run = (_, _) => Task.CompletedTask,
    });

    [Fact]
    public void An_option_that_takes_any_variable_says_so() =>
        Assert.EndsWith("--what  A thing. (the name of a variable; required)", Help(new() { Name = "--what", Summary = "A thing.", Type = typeof(object), Required = true }), StringComparison.Ordinal);

    [Fact]
    public void A_variable_of_a_type_has_the_articles_of_English()
    {
        Assert.Contains("the name of an INotebook variable", Help(new() { Name = "--in", Summary = "Where.", Type = typeof(INotebook) }), StringComparison.Ordinal);
        Assert.Contains("the name of a Version variable", Help(new() { Name = "--of", Summary = "Which.", Type = typeof(Version) }), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("")]
    [InlineData(false)]
    public void A_default_that_says_nothing_is_not_told(object value) =>
        Assert.DoesNotContain("default", Help(new() { Name = "--x", Summary = "X.", Type = value.GetType(), Default = value }), StringComparison.Ordinal);

    [Fact]
    public void Other_defaults_are_told_as_they_are_typed()
    {
        Assert.Contains("(a whole number; default 10)", Help(new() { Name = "--n", Summary = "N.", Type = typeof(int), Default = 10 }), StringComparison.Ordinal);
        Assert.Contains("default windows-phone", Help(new() { Name = "--os", Summary = "Os.", Type = typeof(Systems), Default = Systems.WindowsPhone }), StringComparison.Ordinal);
    }

    private enum Systems
    {
        Linux,
        WindowsPhone,
    }
}
