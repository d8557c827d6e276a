using System.Runtime.CompilerServices;
using TorchSharp;
using XtNotebooks.Extensibility;
using static TorchSharp.torch;

namespace XtNotebooks.Views;

/// <summary>Which cell made which tensor.</summary>
/// <remarks>
/// <para>Always known are the tensors that variables hold, and how many more than before were alive after each cell. With <see cref="Track"/> every tensor
/// that a cell made on its own thread and left alive is known, whoever holds it or nobody does: the place to find a leak.</para>
/// <para>While a tracked cell runs, what it makes outside any <c>DisposeScope</c> of its own lives until its end, so that it can be told; tracking
/// changes no lifetime after that. Tensors are remembered weakly.</para>
/// </remarks>
/// <param name="variables">The notebook's variables, asked at each cell's end; null for none.</param>
public sealed class TensorLog(Func<IReadOnlyList<NotebookVariable>>? variables = null)
{
    private const int MostCells = 1000;
    private static readonly ConditionalWeakTable<INotebook, TensorLog> Logs = [];

    private readonly Lock gate = new();
    private readonly ConditionalWeakTable<Tensor, MadeIn> made = [];
    private readonly SortedDictionary<int, long> left = [];
    private readonly List<WeakReference<Tensor>> tracked = [];

    /// <summary>Whether cells from the next on have everything remembered that they make.</summary>
    public bool Track { get; set; }

    /// <summary>The log of a notebook; begun by <see cref="Watch"/>.</summary>
    internal static TensorLog Of(INotebook notebook) => Logs.GetValue(notebook, static n => new TensorLog(() => n.Variables));

    /// <summary>Has a notebook's cells logged from the next on.</summary>
    internal static void Watch(INotebook notebook)
    {
        var log = Of(notebook);
        notebook.WatchCells(number => log.Begin(number, static () => Transformers.Native.LibTorch.Loaded is not null));
    }

    /// <summary>Begins a cell that may be the first to ask for libtorch: until it is loaded there is no tensor to count.</summary>
    internal IDisposable Begin(int number, Func<bool> loaded) => loaded() ? Cell(number) : new First(this, number, loaded);

    /// <summary>Begins a cell, on the thread that runs it; disposing of the result ends it.</summary>
    /// <param name="number">The cell's number.</param>
    public IDisposable Cell(int number) => new Running(this, number, Track ? NewDisposeScope() : null);

    /// <summary>The cell that made a tensor; null where it is not known.</summary>
    public int? MadeBy(Tensor tensor) => made.TryGetValue(tensor, out var cell) ? cell.Cell : null;

    /// <summary>How many more tensors were alive after each cell than before, by the cell's number; cells that left as many are not in it.</summary>
    public IReadOnlyDictionary<int, long> LeftAlive
    {
        get
        {
            lock (gate)
                return new SortedDictionary<int, long>(left);
        }
    }

    /// <summary>Tensors of tracked cells that are still alive.</summary>
    internal IReadOnlyList<Tensor> Tracked
    {
        get
        {
            lock (gate)
            {
                tracked.RemoveAll(reference => !reference.TryGetTarget(out var tensor) || tensor.IsInvalid);
                return [.. tracked.Select(reference => reference.TryGetTarget(out var tensor) ? tensor : null).OfType<Tensor>()];
            }
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private void End(int number, long before, DisposeScope? scope)
    {
        lock (gate)
        {
            var here = new MadeIn(number);
            if (scope is not null)
            {
                var all = scope.DisposablesView;
                scope.Detach(all);
                scope.Dispose();
                foreach (var tensor in all.OfType<Tensor>().Where(tensor => !tensor.IsInvalid))
                {
                    tracked.Add(new(tensor));
                    made.TryAdd(tensor, here);
                }
            }
            var more = Tensor.TotalCount - before;
            if (more != 0)
                left[number] = left.GetValueOrDefault(number) + more;
            while (left.Count > MostCells)
                left.Remove(left.Keys.First());
            // Also where as many are alive as before: one may have taken another's place.
            var search = new TensorSearch();
            foreach (var variable in variables?.Invoke() ?? [])
            {
                foreach (var tensor in search.In(variable.Value))
                    made.TryAdd(tensor, here);
            }
        }
    }

    private sealed record MadeIn(int Cell);

    private sealed class First(TensorLog log, int number, Func<bool> loaded) : IDisposable
    {
        public void Dispose()
        {
            if (loaded())
                log.End(number, before: 0, scope: null);
        }
    }

    private sealed class Running(TensorLog log, int number, DisposeScope? scope) : IDisposable
    {
        private readonly long before = Tensor.TotalCount;
        private bool ended;

        public void Dispose()
        {
            if (!ended)
                log.End(number, before, scope);
            ended = true;
        }
    }
}
