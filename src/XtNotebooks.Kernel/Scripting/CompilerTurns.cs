namespace XtNotebooks.Kernel.Scripting;

/// <summary>One compilation at a time. The compiler does not look for an interrupt within a method's body, which can take it minutes: a
/// compilation whose cell has ended meanwhile is left behind, and the next begins without it.</summary>
internal sealed class CompilerTurns
{
    /// <summary>How often who waits looks whether what it waits for was left behind, or its own cell interrupted.</summary>
    private static readonly TimeSpan Look = TimeSpan.FromMilliseconds(50);

    private readonly Lock _gate = new();
    private volatile Lock _current = new();
    private CellContext? _cell;

    /// <summary>Waits for the turn; a thread that has it may take it once more.</summary>
    /// <param name="cell">Whose code is compiled; null for what no cell can leave behind.</param>
    /// <exception cref="OperationCanceledException">The cell was interrupted while it waited.</exception>
    public Turn Enter(CellContext? cell)
    {
        while (true)
        {
            var mine = _current;
            if (!mine.TryEnter(Look))
            {
                cell?.CancellationToken.ThrowIfCancellationRequested();
                continue;
            }
            lock (_gate)
            {
                if (mine == _current)
                {
                    var before = _cell;
                    _cell = cell;
                    return new Turn(this, mine, before);
                }
            }
            mine.Exit();
        }
    }

    /// <summary>Lets others compile although this cell's compilation still runs.</summary>
    /// <param name="cell">The cell, which was interrupted.</param>
    /// <param name="forget">Called before any other has the turn.</param>
    /// <returns>Whether it had the turn.</returns>
    public bool LeaveBehind(CellContext cell, Action forget)
    {
        lock (_gate)
        {
            if (_cell != cell)
                return false;
            forget();
            _cell = null;
            _current = new Lock();
            return true;
        }
    }

    /// <summary>The right to compile, until it is disposed of or left behind.</summary>
    public sealed class Turn(CompilerTurns turns, Lock mine, CellContext? before) : IDisposable
    {
        /// <summary>Does what only a compilation that was not left behind may do; it cannot be left behind meanwhile.</summary>
        /// <exception cref="OperationCanceledException">It was left behind.</exception>
        public T Keep<T>(Func<T> action)
        {
            lock (turns._gate)
                return mine == turns._current ? action() : throw new OperationCanceledException("The compilation was left behind.");
        }

        public void Dispose()
        {
            lock (turns._gate)
            {
                if (mine == turns._current)
                    turns._cell = before;
            }
            mine.Exit();
        }
    }
}
