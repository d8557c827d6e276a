using XtNotebooks.Kernel.Notebooks;

namespace XtNotebooks.Kernel.Tests.Notebooks;

public class NotebookParametersTests
{
    private const string Declarations =
        """
        // What a reader may change
        int steps = 300, warmup = 10;
        var rate = 1e-3;
        var wide = 5_000_000_000;
        float drop = 0.1f;
        var price = 2.5m;
        bool quick = false;
        string? name = "motif";
        char pad = '_';
        int? limit = null;
        var low = -1;
        const int Seed = 0;
        Mode mode = Mode.Full;
        var kind = Mode.Full;
        var run = Compute();
        DateTime start = DateTime.Now;
        """;

    [Theory]
    [InlineData("steps=20", "steps = 20;")]
    [InlineData("warmup=-5", "warmup = -5;")]
    [InlineData("rate=5e-4", "rate = 5e-4d;")]
    [InlineData("rate=3", "rate = 3d;")]
    [InlineData("rate=NaN", "rate = double.NaN;")]
    [InlineData("wide=7", "wide = 7L;")]
    [InlineData("drop=.5", "drop = .5f;")]
    [InlineData("price=1.25", "price = 1.25m;")]
    [InlineData("quick=True", "quick = true;")]
    [InlineData("name=a \"b\" \\ c=d", "name = \"a \\\"b\\\" \\\\ c=d\";")]
    [InlineData("name=null", "name = null;")]
    [InlineData("name=", "name = \"\";")]
    [InlineData("pad=x", "pad = 'x';")]
    [InlineData("limit=4", "limit = 4;")]
    [InlineData("limit=null", "limit = null;")]
    [InlineData("low=2", "low = 2;")]
    [InlineData("Seed=3", "const int Seed = 3;")]
    [InlineData("mode=Quick", "mode = Mode.Quick;")]
    [InlineData("mode=Mode.Quick", "mode = Mode.Quick;")]
    [InlineData("kind=Quick", "kind = Mode.Quick;")]
    public void A_value_becomes_a_literal_of_the_parameters_own_type(string assignment, string line)
    {
        var notebook = Sample.Document(Sample.Markdown("# T"), Sample.Code(Declarations, "parameters"), Sample.Code("run"));
        NotebookParameters.Inject(notebook, NotebookParameters.Parse([assignment]));
        Assert.Equal(4, notebook.Cells.Count);
        Assert.True(notebook.Cells[2].HasTag("injected-parameters"));
        Assert.Equal(line, notebook.Cells[2].Source.Split('\n')[1]);
    }

    [Theory]
    [InlineData("stesp=20", "no parameter 'stesp'; its parameters are steps, warmup, rate,")]
    [InlineData("steps=many", "'steps' is of type int and cannot be 'many'; give a whole number")]
    [InlineData("steps=1.5", "cannot be '1.5'")]
    [InlineData("steps=3000000000", "from -2147483648 to 2147483647")]
    [InlineData("rate=fast", "give a number such as 0.001")]
    [InlineData("quick=maybe", "give true or false")]
    [InlineData("pad=ab", "give one character")]
    [InlineData("run=1", "cannot be told from its default")]
    [InlineData("start=1 May", "only numbers, bool, char, string and enum values")]
    [InlineData("mode=1; Evil()", "only numbers, bool, char, string and enum values")]
    public void A_name_or_value_that_does_not_fit_is_one_sentence(string assignment, string reason)
    {
        var notebook = Sample.Document(Sample.Code(Declarations, "parameters"));
        var error = Assert.Throws<NotebookException>(() => NotebookParameters.Inject(notebook, NotebookParameters.Parse([assignment])));
        Assert.Contains(reason, error.Message);
    }

    [Fact]
    public void A_value_without_a_name_is_refused() =>
        Assert.Contains("-p name=value", Assert.Throws<NotebookException>(() => NotebookParameters.Parse(["=3"])).Message);

    [Fact]
    public void A_notebook_without_a_tagged_cell_takes_no_parameters()
    {
        var notebook = Sample.Document(Sample.Code("int steps = 1;"));
        var error = Assert.Throws<NotebookException>(() => NotebookParameters.Inject(notebook, NotebookParameters.Parse(["steps=2"])));
        Assert.Contains("no code cell tagged 'parameters'", error.Message);
    }

    [Fact]
    public void The_cell_of_an_earlier_run_is_replaced_not_joined()
    {
        var notebook = Sample.Document(Sample.Code("int steps = 1;", "parameters"), Sample.Code("steps = 5;", "injected-parameters"), Sample.Code("x"));
        NotebookParameters.Inject(notebook, NotebookParameters.Parse(["steps=2"]));
        Assert.Equal(["int steps = 1;", "// Values given on the command line\nsteps = 2;", "x"], notebook.Cells.Select(cell => cell.Source));
    }

    [Fact]
    public void Without_values_nothing_is_added()
    {
        var notebook = Sample.Document(Sample.Code("x"));
        NotebookParameters.Inject(notebook, NotebookParameters.Parse([]));
        Assert.Single(notebook.Cells);
    }
}
