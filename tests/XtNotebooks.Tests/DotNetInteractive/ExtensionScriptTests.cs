using Microsoft.CodeAnalysis.CSharp;
using Microsoft.CodeAnalysis.CSharp.Syntax;
using Microsoft.DotNet.Interactive;
using Microsoft.DotNet.Interactive.Directives;
using Microsoft.DotNet.Interactive.Formatting;
using TorchSharp;
using XtNotebooks.Extensibility;
using XtNotebooks.Losses;
using XtNotebooks.Training;
using XtNotebooks.Views;

namespace XtNotebooks.Tests.DotNetInteractive;

public sealed class ExtensionScriptTests
{
    internal const string Setup = """
        using XtNotebooks.Transformers;
        using XtNotebooks.Data;
        TorchSharp.torch.manual_seed(0);
        var net = new TransformerWrapper(new() { NumTokens = 32, MaxSeqLen = 16, AttnLayers = new Decoder(new() { Dim = 16, Depth = 1, Heads = 2 }) });
        var batches = SyntheticBatches.Motif() with { BatchSize = 2, Length = 16 };
        var batch = batches.First();
        """;

    [Fact]
    public async Task Every_magic_is_there_with_all_its_options_and_help()
    {
        await InteractiveSession.LoadAsync();
        var notebook = new RecordingNotebook();
        new XtNotebooksExtension().Load(notebook);
        var directives = Kernel.Root.KernelInfo.SupportedDirectives.Cast<KernelActionDirective>().ToDictionary(directive => directive.Name);
        Assert.Equal(notebook.Magics.Select(magic => magic.Name).Order(), directives.Keys.Order());
        Assert.All(notebook.Magics, magic =>
        {
            var directive = directives[magic.Name];
            Assert.Equal(magic.Summary, directive.Description);
            Assert.Equal([.. magic.Options.Select(option => option.Name), "--help"], directive.Parameters.Select(parameter => parameter.Name));
            Assert.All(directive.Parameters, parameter => Assert.NotEqual("", parameter.Description));
            // The host's own sentence for what is missing would hide the magic's, and --help with it.
            Assert.All(directive.Parameters, parameter => Assert.False(parameter.Required));
            Assert.Equal(magic.Options.FirstOrDefault(option => option.Positional)?.Name, directive.Parameters.SingleOrDefault(parameter => parameter.AllowImplicitName)?.Name);
            Assert.Equal([.. magic.Options.Where(option => option.Type == typeof(bool)).Select(option => option.Name), "--help"],
                directive.Parameters.Where(parameter => parameter.Flag).Select(parameter => parameter.Name));
        });
    }

    [Fact]
    public async Task Loading_leaves_no_variable_type_or_using_behind()
    {
        var session = await InteractiveSession.LoadAsync();
        Assert.Empty(session.State.Variables);
        var compilation = session.State.Script.GetCompilation();
        Assert.Empty(((CompilationUnitSyntax)compilation.SyntaxTrees.Single().GetRoot(TestContext.Current.CancellationToken)).Usings);
        Assert.Empty(compilation.ScriptClass!.GetTypeMembers());
        Assert.All(compilation.ScriptClass.GetMembers(), member => Assert.False(member.CanBeReferencedByName, member.Name));
        Assert.Empty(session.Loading.Failures);
    }

    [Fact]
    public async Task Loading_says_in_one_sentence_what_the_host_cannot_do()
    {
        var session = await InteractiveSession.LoadAsync();
        var shown = Assert.IsType<MimeBundle>(Assert.Single(session.Loading.Displayed).Values.Single());
        Assert.Contains("Jupyter's interrupt ends the whole kernel", shown.Data["text/plain"], StringComparison.Ordinal);
        Assert.Contains("once its cell has ended", shown.Data["text/plain"], StringComparison.Ordinal);
        Assert.DoesNotContain('\n', shown.Data["text/plain"]);
    }

    [Fact]
    public async Task Loading_again_adds_nothing_twice()
    {
        var session = await InteractiveSession.LoadAsync();
        var before = Kernel.Root.KernelInfo.SupportedDirectives.Count;
        await session.LoadAgainAsync();
        Assert.Equal(before, Kernel.Root.KernelInfo.SupportedDirectives.Count);
    }

    [Fact]
    public async Task Training_updates_its_panel_in_place_and_leaves_the_run_in_a_variable()
    {
        var session = await InteractiveSession.LoadAsync();
        await session.RunAsync(Setup);
        var context = await session.CallAsync("#!xt-train net --batches batches --steps 3");
        Assert.Empty(context.Failures);
        var values = Assert.Single(context.Displayed).Values;
        Assert.IsType<TrainingPanel>(values[0]);
        Assert.IsType<LineChart>(values[^1]);
        await session.RunAsync("var steps = run.Steps.Count;");
        Assert.Equal(3, session.Value("steps"));
    }

    [Fact]
    public async Task A_variable_may_be_named_with_or_without_an_at_sign()
    {
        var session = await InteractiveSession.LoadAsync();
        await session.RunAsync(Setup);
        Assert.Empty((await session.CallAsync("#!xt-loss @batch --model @net --as first")).Failures);
        Assert.Empty((await session.CallAsync("#!xt-loss batch --model net --as second")).Failures);
        Assert.Equal(((LossBreakdown)session.Value("first")!).Reported, ((LossBreakdown)session.Value("second")!).Reported);
    }

    [Theory]
    [InlineData("#!xt-train", "--model")]
    [InlineData("#!xt-train net", "nothing to train on")]
    [InlineData("#!xt-train net --batches batches --steps many", "--steps expects a whole number")]
    [InlineData("#!xt-loss @nobody --model net", "nobody")]
    [InlineData("#!xt-loss batch --model net --as 2nd", "'2nd' is no C# name")]
    [InlineData("#!xt-loss \"batch --model net", "quote")]
    [InlineData("#!xt-tensors --track on", "cannot be done in .NET Interactive")]
    public async Task An_error_is_one_sentence(string line, string part)
    {
        var session = await InteractiveSession.LoadAsync();
        await session.RunAsync(Setup);
        var sentence = Assert.Single((await session.CallAsync(line)).Failures);
        Assert.Contains(part, sentence, StringComparison.Ordinal);
        Assert.DoesNotContain('\n', sentence);
    }

    [Fact]
    public async Task Tensors_are_listed_where_the_host_does_not_tell_of_its_cells()
    {
        var session = await InteractiveSession.LoadAsync();
        await session.RunAsync(Setup);
        Assert.Empty((await session.CallAsync("#!xt-tensors")).Failures);
        Assert.Contains(((LiveTensorsView)session.Value("tensors")!).Holders, holder => holder.Name == "net" && holder.Cells.Count == 0);
        Assert.Empty((await session.CallAsync("#!xt-tensors --track off")).Failures);
    }

    [Fact]
    public async Task Options_complete_with_their_values_and_with_variables_that_fit()
    {
        var session = await InteractiveSession.LoadAsync();
        await session.RunAsync(Setup + "\nvar tokenizer = new ByteTokenizer(); ");
        var parameters = Kernel.Root.KernelInfo.SupportedDirectives.Single(directive => directive.Name == "#!xt-train").Parameters.ToDictionary(p => p.Name);
        Assert.Contains("ignore-pads", parameters["--setting"].Complete());
        Assert.Contains("cosine", parameters["--schedule"].Complete());
        Assert.Equal(["tokenizer"], parameters["--tokenizer"].Complete());
        Assert.Contains("net", parameters["--model"].Complete());
    }

    [Fact]
    public async Task Tensors_and_figures_of_others_are_shown_as_HTML_and_text()
    {
        await InteractiveSession.LoadAsync();
        foreach (var type in (Type[])[typeof(torch.Tensor), typeof(torch.nn.Module), typeof(Plotly.NET.GenericChart), typeof(XPlot.Plotly.PlotlyChart)])
            Assert.Equal(["text/html", "text/plain"], Formatter.Preferred[type]);
        using var tensor = torch.ones(2, 3);
        Assert.StartsWith("<div class=\"xt xt-tensor\"", Formatter.Format(tensor, "text/html"), StringComparison.Ordinal);
        Assert.StartsWith("tensor[2, 3]", Formatter.Format(tensor, "text/plain"), StringComparison.Ordinal);
        Assert.Contains("xt-chart", Formatter.Format(XPlot.Plotly.Chart.Line((int[])[1, 4, 9]), "text/html"), StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_tensor_that_was_disposed_of_is_not_shown_as_nothing()
    {
        await InteractiveSession.LoadAsync();
        var tensor = torch.ones(2, 3);
        tensor.Dispose();
        Assert.Equal("<pre>a tensor that was disposed of</pre>", Formatter.Format(tensor, "text/html"));
    }
}
