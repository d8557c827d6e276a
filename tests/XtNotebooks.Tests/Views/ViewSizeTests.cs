using TorchSharp;
using XtNotebooks.Generation;
using XtNotebooks.Views;
using static TorchSharp.torch;

namespace XtNotebooks.Tests.Views;

/// <summary>Views stay under 200 KB whatever they are of, and say what is left out.</summary>
public sealed class ViewSizeTests : IDisposable
{
    private const string Long = "\"<&\u3042\u3042";

    private readonly DisposeScope scope = NewDisposeScope();

    public void Dispose() => scope.Dispose();

    public static TheoryData<long[], ScalarType> Tensors => new()
    {
        { [2, 2, 2, 2, 2, 8, 12], ScalarType.ComplexFloat32 },
        { [2, 2, 2, 2, 2, 8, 12], ScalarType.ComplexFloat64 },
        { [2, 2, 2, 2, 2, 8, 12], ScalarType.Float64 },
        { [2, 2, 2, 2, 2, 8, 12], ScalarType.Int64 },
        { [2, 2, 2, 2, 2, 8, 12], ScalarType.Bool },
        { [2, 2, 2, 2, 2, 2, 2, 2, 2], ScalarType.ComplexFloat32 },
        { [300, 300], ScalarType.ComplexFloat64 },
        { [9, 9, 40, 40], ScalarType.Int64 },
    };

    [Theory]
    [MemberData(nameof(Tensors))]
    public void A_tensor_of_long_numbers_and_long_labels_stays_under_200_kB_and_keeps_its_corners(long[] shape, ScalarType type)
    {
        var x = type switch
        {
            ScalarType.ComplexFloat32 or ScalarType.ComplexFloat64 => complex(randn(shape).mul(-1.2345e-7), randn(shape).mul(-1.2345e-7)).to(type),
            ScalarType.Int64 => full(shape, -1234567890123456789L, dtype: int64),
            _ => randn(shape, dtype: float64).mul(-1.2345e-7).to(type),
        };
        var rank = shape.Length;
        SafeHtml.Check(TensorView.From(x).ToHtml());
        var named = TensorView.From(x, new()
        {
            AxisNames = [.. Enumerable.Range(0, rank).Select(d => $"{string.Concat(Enumerable.Repeat(Long, 40))}{d}")],
            AxisLabels = Enumerable.Range(rank - 2, 2).ToDictionary(d => d, d => (IReadOnlyList<string>)
                [.. Enumerable.Range(0, (int)shape[d]).Select(i => (i == shape[d] - 1 ? "last" : "") + string.Concat(Enumerable.Repeat(Long, 40)))]),
        }).ToHtml();
        SafeHtml.Check(named);
        Assert.Contains(">last", named, StringComparison.Ordinal);
        if (!SafeHtml.WithoutScripts(named).Contains($"of {x.numel():#,0} elements are shown", StringComparison.Ordinal))
            Assert.Equal(x.numel(), named.Split("<td ").Length - 1);
    }

    [Fact]
    public void A_trimmed_tensor_shows_its_own_values_at_their_indices()
    {
        var view = TensorView.From(arange(0, 3 * 20 * 30, ScalarType.Float32).reshape(3, 20, 30));
        for (var fewer = TensorTrim.Fewer(view); fewer is not null; fewer = TensorTrim.Fewer(fewer))
        {
            var shown = fewer.Axes.Select(axis => axis.Shown.OfType<int>().ToList()).ToList();
            Assert.Equal(shown[0].SelectMany(f => shown[1].SelectMany(r => shown[2].Select(c => f * 600.0 + r * 30 + c))), fewer.Values);
            Assert.True(fewer.Values.Count < view.Values.Count);
            Assert.All(fewer.Axes, axis => Assert.Equal((0, (int)axis.Size - 1), (axis.Shown[0], axis.Shown[^1])));
            view = fewer;
        }
        Assert.Equal(8, view.Values.Count);
    }

    [Fact]
    public void A_reader_who_asks_for_more_gets_more() =>
        Assert.Equal(250 * 250, TensorView.From(randn(250, 250), new() { MaxRows = 250, MaxColumns = 250 }).ToHtml().Split("<td ").Length - 1);

    [Fact]
    public void A_model_of_many_named_modules_stays_under_200_kB_and_says_what_is_left_out()
    {
        var stack = nn.Sequential([.. Enumerable.Range(0, 399).Select(i => ($"normalisation_{i}_" + new string('x', i % 7 * 60), (nn.Module<Tensor, Tensor>)nn.BatchNorm1d(16 + i)))]);
        var html = ModelView.From(stack).ToHtml();
        SafeHtml.Check(html);
        Assert.Contains("left out; the numbers count them", html, StringComparison.Ordinal);
        Assert.Contains("normalisation_1_", html, StringComparison.Ordinal);
    }

    [Fact]
    public void The_text_of_a_model_of_very_many_modules_is_bounded_too_and_counts_what_it_leaves_out()
    {
        ModelNode Node(string name, params ModelNode[] parts) => new(name, "Odd", 1, 1, 4, 0, [], parts) { Output = new string('9', 500) };
        var many = new ModelView { Root = Node("model", [.. Enumerable.Range(0, 5000).Select(i => Node($"part{i}", Node("in")))]), Options = [new("Name", new string('"', 500_000), "")] }.ToText();
        Assert.InRange(many.Length, 50_000, 200_000);
        Assert.Contains("\n  part199 ", many, StringComparison.Ordinal);
        Assert.EndsWith("\n9,601 more modules are left out; the numbers count them.\n", many, StringComparison.Ordinal);
        var deep = new ModelView { Root = Enumerable.Range(0, 600).Aggregate(Node("inmost"), (part, i) => Node($"n{i}", part)), Options = [] }.ToText();
        Assert.InRange(deep.Length, 90_000, 110_000);
        Assert.EndsWith("more modules are left out; the numbers count them.\n", deep, StringComparison.Ordinal);
        Assert.DoesNotContain("left out", ModelView.From(nn.Linear(3, 2)).ToText(), StringComparison.Ordinal);
    }

    private sealed class ManyParameters : nn.Module
    {
        private readonly TorchSharp.Modules.ParameterList many = new([.. Enumerable.Range(0, 4000).Select(_ => nn.Parameter(zeros(1)))]);
        private readonly TorchSharp.Modules.Linear head = nn.Linear(3, 2);

        public ManyParameters() : base(nameof(ManyParameters)) => RegisterComponents();
    }

    [Fact]
    public void Parameters_of_one_module_are_listed_as_far_as_there_is_room_and_the_modules_behind_it_too()
    {
        var html = ModelView.From(new ManyParameters()).ToHtml();
        SafeHtml.Check(html);
        Assert.Contains("and 3,900 more parameters and buffers", html, StringComparison.Ordinal);
        Assert.Contains("<b>head</b>", html, StringComparison.Ordinal);
        Assert.DoesNotContain("left out; the numbers", html, StringComparison.Ordinal);
        ModelNode Node(string name, params ModelNode[] parts) => new(name, "Odd", 1, 1, 4, 0, [.. Enumerable.Range(0, 90).Select(i => new ModelParameter($"p{i}", [1], "f32", true))], parts);
        var crowded = new ModelView { Root = Node("model", [.. Enumerable.Range(0, 40).Select(i => Node($"part{i}"))]), Options = [new("Name", new string('"', 500_000), "")] }.ToHtml();
        SafeHtml.Check(crowded);
        Assert.Contains("Modules and parameters beyond the first 400 are left out", crowded, StringComparison.Ordinal);
        Assert.Equal(400, crowded.Split(" f32</div>").Length - 1 + crowded.Split("<summary>").Length - 1);
    }

    [Theory]
    [InlineData(4, 8)]
    [InlineData(4, 24)]
    [InlineData(12, 64)]
    public void Attention_maps_of_96_heads_stay_under_200_kB(int layers, int positions)
    {
        using var generator = new Generator(1);
        Tensor[] maps = [.. Enumerable.Range(0, layers).Select(_ => randn([1, 96, positions, positions], generator: generator).mul(3).softmax(-1))];
        var html = AttentionView.From(maps, tokens: [.. Enumerable.Repeat(string.Concat(Enumerable.Repeat(Long, 40)), positions)]).ToHtml();
        SafeHtml.Check(html);
        Assert.Contains("left out to keep the output small", html, StringComparison.Ordinal);
    }

    [Fact]
    public void Masks_of_many_rows_of_long_tokens_stay_under_200_kB()
    {
        long[][] rows = [.. Enumerable.Range(0, 40).Select(_ => Enumerable.Range(0, 200).Select(i => (long)i).ToArray())];
        string Token(long id) => new('"', 60);
        SafeHtml.Check(LossMaskView.From(rows, 0, -100, new() { Token = Token }).ToHtml());
        SafeHtml.Check(AttentionMaskView.From(rows[0], 0, token: Token).ToHtml());
    }

    [Fact]
    public void Generated_text_of_signs_that_HTML_writes_longer_stays_under_200_kB()
    {
        var html = new GeneratedText { Prompt = new string('"', 30_000), Text = new string('"', 30_000), Ids = [1], End = GenerationEnd.Length }.ToHtml();
        SafeHtml.Check(html);
        Assert.Contains("characters more)", html, StringComparison.Ordinal);
    }
}
