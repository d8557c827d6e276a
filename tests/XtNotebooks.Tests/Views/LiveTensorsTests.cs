using System.Reflection;
using TorchSharp;
using XtNotebooks.Data;
using XtNotebooks.Extensibility;
using XtNotebooks.Views;
using static TorchSharp.torch;

namespace XtNotebooks.Tests.Views;

public sealed class LiveTensorsTests : IDisposable
{
    private readonly List<NotebookVariable> variables = [];
    private readonly TensorLog log;
    private readonly List<IDisposable> mine = [];

    public LiveTensorsTests() => log = new(() => variables);

    public void Dispose() => mine.ForEach(tensor => tensor.Dispose());

    private T Mine<T>(T tensor) where T : IDisposable
    {
        mine.Add(tensor);
        return tensor;
    }

    private void Declare(string name, object? value) => variables.Add(new(name, value?.GetType() ?? typeof(object), value));

    private LiveTensorsView View() => LiveTensorsView.Of(variables, log: log);

    private sealed class Owner
    {
        public Tensor? Hidden;
        public object? Next;
    }

    [Fact]
    public void Variables_tell_which_cell_made_what_they_hold()
    {
        using (log.Cell(1))
            Declare("x", Mine(zeros(100, 10)));
        using (log.Cell(2))
            Declare("many", new List<Tensor> { Mine(zeros(5)), Mine(zeros(6)) });
        using (log.Cell(3))
            ((List<Tensor>)variables[1].Value!).Add(Mine(zeros(7)));
        var view = View();
        Assert.Equal([("x", 1, 4000L), ("many", 3, 72)], view.Holders.Select(h => (h.Name, h.Count, h.Bytes)));
        Assert.Equal([[1], [2, 3]], view.Holders.Select(h => h.Cells));
        Assert.Contains("cells 2, 3", view.ToText());
        Assert.Equal([(1, 1, 4000L, 0), (2, 2, 44, 0), (3, 1, 28, 0)], view.Makers.Select(m => (m.Cell, m.Count, m.Bytes, m.Loose)));
    }

    [Fact]
    public void What_the_first_cell_with_tensors_made_is_its_own_and_not_the_next_ones()
    {
        var loaded = false;
        // A cell that only declares numbers loads no libtorch.
        log.Begin(1, () => loaded).Dispose();
        using (log.Begin(2, () => loaded))
        {
            loaded = true;
            Declare("x", Mine(zeros(100)));
        }
        using (log.Begin(3, () => loaded))
            Declare("y", Mine(zeros(50)));
        Assert.Equal([[2], [3]], View().Holders.Select(h => h.Cells));
        Assert.DoesNotContain(1, log.LeftAlive.Keys);
    }

    [Fact]
    public void A_tensor_that_takes_anothers_place_is_its_cells()
    {
        var first = zeros(3);
        using (log.Cell(1))
            Declare("x", first);
        using (log.Cell(2))
        {
            first.Dispose();
            variables.Clear();
            Declare("x", Mine(zeros(3)));
        }
        Assert.Equal([[2]], View().Holders.Select(holder => holder.Cells));
    }

    [Fact]
    public void A_tracked_cell_is_told_what_it_leaves_in_no_variable()
    {
        log.Track = true;
        var leak = new List<Tensor>();
        using (log.Cell(4))
        {
            for (var i = 0; i < 20; i++)
                leak.Add(Mine(zeros(1000)));
            zeros(5).Dispose();
            using (NewDisposeScope())
                _ = zeros(6) + 1;
            Declare("kept", Mine(zeros(10)));
        }
        var view = View();
        var maker = Assert.Single(view.Makers, m => m.Cell == 4);
        Assert.Equal((21, 20, 80_000L, "[1000] f32"), (maker.Count, maker.Loose, maker.LooseBytes, maker.Largest));
        Assert.Contains("Cell 4 made 20 of them (78.1 KiB): put using var scope = torch.NewDisposeScope(); before its work.", view.Sentence);
        Assert.Contains("put <code>using var scope = torch.NewDisposeScope();</code> before its work.</p>", view.ToHtml());
        // Tracking leaves lifetimes as they were: nothing was disposed of, and no scope holds it.
        Assert.All(leak, tensor => Assert.False(tensor.IsInvalid));
        leak.ForEach(tensor => tensor.Dispose());
        Assert.Equal(0, View().Makers.Single(m => m.Cell == 4).Loose);
    }

    [Fact]
    public void A_scope_that_stays_open_over_a_cells_end_goes_on()
    {
        log.Track = true;
        DisposeScope open;
        Tensor inside;
        using (log.Cell(1))
        {
            open = NewDisposeScope();
            inside = zeros(3);
        }
        using (log.Cell(2))
            Assert.False(inside.IsInvalid);
        open.Dispose();
        Assert.True(inside.IsInvalid);
    }

    [Fact]
    public void Untracked_cells_are_told_how_many_they_left_and_how_to_learn_more()
    {
        var hidden = new List<Tensor>();
        using (log.Cell(7))
            hidden.Add(Mine(zeros(3)));
        Assert.True(log.LeftAlive.ContainsKey(7));
        Assert.Contains("#!xt-tensors --track on", View().Sentence);
    }

    [Fact]
    public void Tensors_are_found_in_fields_dictionaries_closures_and_records_without_running_anybodys_code()
    {
        var captured = Mine(zeros(2));
        Func<int> closure = () => (int)captured.shape[0];
        var owner = new Owner { Hidden = Mine(zeros(3)) };
        owner.Next = owner;
        IEnumerable<Tensor> endless = Endless();
        Declare("closure", closure);
        Declare("owner", owner);
        Declare("map", new Dictionary<string, Tensor> { ["a"] = Mine(zeros(4)) });
        Declare("batch", new[] { Mine(PaddedBatch.From([[1L, 2]], padId: 0)) });
        Declare("pair", (Mine(zeros(5)), "text"));
        Declare("endless", endless);
        Declare("text", "no tensor");
        Declare("numbers", Enumerable.Range(0, 1_000_000).ToArray());
        var gone = zeros(9);
        gone.Dispose();
        Declare("gone", gone);
        Assert.Equal(["batch", "closure", "map", "owner", "pair"], View().Holders.Select(h => h.Name).Order(StringComparer.Ordinal));

        static IEnumerable<Tensor> Endless()
        {
            while (true)
                yield return zeros(1);
        }
    }

    /// <summary>At the first look, all of the notebook's tensors are new, and code that is compiled in haste took three times as long.</summary>
    [Fact]
    public void What_runs_for_each_tensor_at_a_cells_end_is_compiled_well_at_once()
    {
        const BindingFlags All = BindingFlags.Instance | BindingFlags.Public | BindingFlags.NonPublic;
        foreach (var (type, name) in new[] { (typeof(TensorSearch), "In"), (typeof(TensorSearch), "Visit"), (typeof(TensorSearch), "Push"), (typeof(TensorLog), "End") })
            Assert.True(type.GetMethod(name, All)!.MethodImplementationFlags.HasFlag(MethodImplAttributes.AggressiveOptimization), $"{type.Name}.{name}");
    }

    [Fact]
    public void Its_page_is_safe_and_small_and_bad_input_is_told()
    {
        Declare("</script><img onerror>", Mine(zeros(3)));
        for (var i = 0; i < 100; i++)
        {
            using (log.Cell(i))
                Declare($"x{i}", Mine(zeros(i + 1)));
        }
        var view = View();
        SafeHtml.Check(view.ToHtml());
        Assert.Equal((40, 61, 60), (view.Holders.Count, view.LeftOut, view.CellsLeftOut));
        Assert.Contains("61 variables are left out", view.ToText());
        Assert.Throws<ArgumentException>(() => LiveTensorsView.Of(variables, max: 0));
        SafeHtml.Check(LiveTensorsView.Of([]).ToHtml());
    }
}
