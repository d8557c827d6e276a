using System.ComponentModel;
using System.Runtime.CompilerServices;

namespace XtNotebooks.Kernel.Scripting;

/// <summary>What the compiler of cells calls from loops, functions and awaits, so that a cell can be interrupted and endless recursion
/// is an error instead of the end of the process. Not meant to be called by hand.</summary>
[EditorBrowsable(EditorBrowsableState.Never)]
public static class CellGuard
{
    /// <summary>How many cells are being interrupted now; all that an undisturbed loop has to look at.</summary>
    private static int s_interrupted;

    /// <summary>Stops the current cell if it is being interrupted.</summary>
    /// <exception cref="OperationCanceledException">It is.</exception>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void Check()
    {
        if (Volatile.Read(ref s_interrupted) != 0)
            Stop();
    }

    /// <summary>The check at the start of every function.</summary>
    /// <exception cref="InsufficientExecutionStackException">The calls are nested too deep.</exception>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void Enter()
    {
        if (StackRoom.IsLow)
            StackRoom.Enter();
        Check();
    }

    /// <summary>The check at the start of every handler that does something.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void Caught()
    {
        if (StackRoom.IsLow)
            StackRoom.Handle();
    }

    /// <summary>The filter of handlers; false for the exception that ends a cell whose handlers throw or are interrupted without end.</summary>
    public static bool Handles(Exception exception) => StackRoom.Handles(exception);

    /// <summary>The filter beside every <c>finally</c>; always false.</summary>
    public static bool Passes(Exception exception) => StackRoom.Passes(exception);

    /// <summary>The check at the start of every <c>finally</c>; false behind the exception that <see cref="Handles"/> lets pass.</summary>
    public static bool Finishes => StackRoom.Finishes();

    /// <summary>The start of what a <c>finally</c> block does: in a cell that is interrupted it may go on for a while.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void Cleaning()
    {
        if (Volatile.Read(ref s_interrupted) != 0)
            CellContext.Current?.CleanUp.Begin();
    }

    /// <summary>The end of what <see cref="Cleaning"/> began.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void Cleaned()
    {
        if (Volatile.Read(ref s_interrupted) != 0)
            CellContext.Current?.CleanUp.End();
    }

    /// <summary>The check at the start of every <c>Dispose</c>; false where the exception that passes all handlers is what calls it.</summary>
    /// <exception cref="InsufficientExecutionStackException">The calls are nested too deep.</exception>
    public static bool Disposes
    {
        get
        {
            if (StackRoom.IsPassing)
                return false;
            if (StackRoom.IsLow)
                StackRoom.Enter();
            Cleaning();
            return true;
        }
    }

    /// <summary>The check at the start of every asynchronous function.</summary>
    /// <returns>To be disposed of when the function ends.</returns>
    /// <exception cref="InsufficientExecutionStackException">The calls are nested too deep, or too many wait for one another.</exception>
    public static IDisposable EnterAwaited()
    {
        Enter();
        return AsyncCall.Begin();
    }

    /// <summary>The check behind every yield of an asynchronous iterator, which whoever asks for the next item continues.</summary>
    /// <param name="call">What <see cref="EnterAwaited"/> returned.</param>
    /// <exception cref="InsufficientExecutionStackException">Too many calls wait for one another.</exception>
    public static void Continue(IDisposable call)
    {
        Check();
        (call as AsyncCall)?.Continue();
    }

    /// <summary>Whether an exception's stack trace has become so long on its way through asynchronous functions that it is thrown anew.</summary>
    public static bool IsLong(InsufficientExecutionStackException tooDeep) => LongTraces.IsLong(tooDeep);

    /// <summary>The exception with a new stack trace.</summary>
    public static InsufficientExecutionStackException Anew(InsufficientExecutionStackException tooDeep) => LongTraces.Anew(tooDeep);

    /// <summary>The check at the start of every iterator.</summary>
    /// <returns>For <see cref="Pause"/>, <see cref="Resume"/> and <see cref="LeaveIterator"/>.</returns>
    /// <exception cref="InsufficientExecutionStackException">The calls are nested too deep, or too many iterators read from one
    /// another.</exception>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static int EnterIterator()
    {
        Enter();
        return RunningIterators.Begin();
    }

    /// <summary>What an iterator does before it gives an item back.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void Pause(ref int running) => RunningIterators.Pause(ref running);

    /// <summary>The check when an iterator is asked for its next item.</summary>
    /// <exception cref="InsufficientExecutionStackException">Too many iterators read from one another.</exception>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void Resume(ref int running) => running = RunningIterators.Begin();

    /// <summary>What an iterator does when it ends.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void LeaveIterator(int running) => RunningIterators.End(running);

    /// <summary>The check of <see cref="Enter"/> in the middle of an expression; always true.</summary>
    /// <exception cref="InsufficientExecutionStackException">The calls are nested too deep.</exception>
    public static bool Entered
    {
        get
        {
            Enter();
            return true;
        }
    }

    /// <summary>The task, or its end by an interrupt.</summary>
    public static Task Await(Task task)
    {
        Check();
        return task is null || task.IsCompleted || CellContext.Current is not { } cell ? task! : task.WaitAsync(cell.CleanUp.WaitToken);
    }

    /// <summary>The task, or its end by an interrupt.</summary>
    public static Task<T> Await<T>(Task<T> task)
    {
        Check();
        return task is null || task.IsCompleted || CellContext.Current is not { } cell ? task! : task.WaitAsync(cell.CleanUp.WaitToken);
    }

    /// <summary>The task, or its end by an interrupt.</summary>
    public static ValueTask Await(ValueTask task)
    {
        Check();
        return task.IsCompleted || CellContext.Current is not { } cell ? task : new ValueTask(task.AsTask().WaitAsync(cell.CleanUp.WaitToken));
    }

    /// <summary>The task, or its end by an interrupt.</summary>
    public static ValueTask<T> Await<T>(ValueTask<T> task)
    {
        Check();
        return task.IsCompleted || CellContext.Current is not { } cell
            ? task
            : new ValueTask<T>(task.AsTask().WaitAsync(cell.CleanUp.WaitToken));
    }

    /// <summary>Any other awaitable, as it is.</summary>
    public static T Await<T>(T awaitable)
    {
        Check();
        return awaitable;
    }

    /// <summary>The task, or its end by an interrupt, whether or not the code asks to come back where it was: it always does.</summary>
    public static Task Await(Task task, bool continueOnCapturedContext) => Await(task);

    /// <summary>The task, or its end by an interrupt, whether or not the code asks to come back where it was: it always does.</summary>
    public static Task<T> Await<T>(Task<T> task, bool continueOnCapturedContext) => Await(task);

    /// <summary>The task, or its end by an interrupt, whether or not the code asks to come back where it was: it always does.</summary>
    public static ValueTask Await(ValueTask task, bool continueOnCapturedContext) => Await(task);

    /// <summary>The task, or its end by an interrupt, whether or not the code asks to come back where it was: it always does.</summary>
    public static ValueTask<T> Await<T>(ValueTask<T> task, bool continueOnCapturedContext) => Await(task);

    /// <summary>Any other awaitable, as it is.</summary>
    public static T Await<T>(T awaitable, bool continueOnCapturedContext) => Await(awaitable);

    /// <summary>A value that is disposed of when the cell ends.</summary>
    public static T Using<T>(T resource) => AtEnd(resource, isAwaited: false);

    /// <summary>A value that is disposed of when the cell ends, asynchronously where it can be.</summary>
    public static T AwaitUsing<T>(T resource) => AtEnd(resource, isAwaited: true);

    private static T AtEnd<T>(T resource, bool isAwaited)
    {
        if (resource is not null)
            CellContext.Current?.DisposeAtEnd(resource, isAwaited);
        return resource;
    }

    /// <summary>What a query reads, item by item with a check.</summary>
    public static IEnumerable<T> Items<T>(IEnumerable<T> sequence)
    {
        ArgumentNullException.ThrowIfNull(sequence);
        return Checked(sequence);

        static IEnumerable<T> Checked(IEnumerable<T> sequence)
        {
            foreach (var item in sequence)
            {
                Check();
                yield return item;
            }
        }
    }

    /// <summary>An asynchronous stream that ends with an interrupt.</summary>
    public static IAsyncEnumerable<T> Each<T>(IAsyncEnumerable<T> stream)
    {
        ArgumentNullException.ThrowIfNull(stream);
        return Interruptible(stream);
    }

    private static async IAsyncEnumerable<T> Interruptible<T>(IAsyncEnumerable<T> stream, [EnumeratorCancellation] CancellationToken cancellationToken = default)
    {
        await using var items = stream.GetAsyncEnumerator(cancellationToken);
        while (true)
        {
            try
            {
                if (!await Await(items.MoveNextAsync()))
                    yield break;
            }
            catch (InsufficientExecutionStackException tooDeep)
            {
                // Anew, without the frames below: a stack trace that grows on its way through thousands of streams takes minutes.
                throw new InsufficientExecutionStackException(tooDeep.Message);
            }
            yield return items.Current;
        }
    }

    /// <summary>Anything else that is awaited item by item, as it is.</summary>
    public static T Each<T>(T stream) => stream;

    internal static void BeginInterrupt() => Interlocked.Increment(ref s_interrupted);

    internal static void EndInterrupt() => Interlocked.Decrement(ref s_interrupted);

    [MethodImpl(MethodImplOptions.NoInlining)]
    private static void Stop()
    {
        if (CellContext.Current is not { MayFinish: false, CancellationToken.IsCancellationRequested: true } cell || cell.CleanUp.GoesOn)
            return;
        StackRoom.Interrupt(cell);
        cell.CancellationToken.ThrowIfCancellationRequested();
    }
}
