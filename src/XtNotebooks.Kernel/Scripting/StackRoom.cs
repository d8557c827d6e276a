using System.Diagnostics.CodeAnalysis;
using System.Runtime.CompilerServices;

namespace XtNotebooks.Kernel.Scripting;

/// <summary>How much of a thread's stack is left for the calls of a cell's code.</summary>
/// <remarks>Endless recursion that is caught again on every level is more than one exception: handlers run on top of all that the exception has
/// passed, and so does every exception that they throw. So the first exception comes while much is left, handlers may go on for a while beyond
/// that edge, and where they throw without end, before the stack ends, which would end the process, comes an exception that passes all of
/// them: what stays on a stack so deep would make every garbage collection take a third of a second. The same exception ends an interrupted
/// cell whose handlers go on without end on every level: on a deep stack each of the interrupts takes a third of a second, too.</remarks>
internal static class StackRoom
{
    /// <summary>What lies beyond the edge on threads of cells.</summary>
    public const int Reserve = 1 << 20;

    /// <summary>Recursion meets the edge within one of its frames; what is met further beyond is called by a handler.</summary>
    private const int LargestFrame = 4 << 10;

    /// <summary>What is not the cell's may catch the exception that its handlers let pass, and call the cell's code again.</summary>
    private const int MostLast = 50;

    /// <summary>How many interrupts may come on top of one another, handlers that go on without end inside others.</summary>
    private const int MostInterrupts = 8;

    /// <summary>On a stack so deep none may come once the time to clean up is over.</summary>
    private const int DeepStack = 1 << 20;

    /// <summary>The address below which calls are too deep; zero where it is not known (yet).</summary>
    [ThreadStatic]
    private static nuint t_edge;

    /// <summary>How far beyond the edge handlers may call, and how far they may throw.</summary>
    [ThreadStatic]
    private static (nuint Calls, nuint Throws) t_beyond;

    /// <summary>The address below which a stack is deep; zero on threads of somebody else's.</summary>
    [ThreadStatic]
    private static nuint t_deep;

    /// <summary>The last interrupt, the cell it was meant for, and how many there are of which each came on top of the one before.</summary>
    [ThreadStatic]
    private static (CellContext? Cell, nuint At, int Count) t_interrupt;

    /// <summary>The exception that passes all handlers, the cell it ends, where it was thrown, how many this cell had on this thread, and how
    /// many <c>finally</c> blocks it passes but has not run yet.</summary>
    [ThreadStatic]
    private static (Exception? Exception, CellContext? Cell, nuint At, int Count, int Passed) t_last;

    /// <summary>Whether so little is left that <see cref="Enter"/> is to decide.</summary>
    public static unsafe bool IsLow
    {
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        get
        {
            byte here;
            return t_edge == 0 ? !RuntimeHelpers.TryEnsureSufficientExecutionStack() : (nuint)(&here) < t_edge;
        }
    }

    /// <summary>Whether an exception takes long to go through the stack, known on threads of cells.</summary>
    public static unsafe bool IsDeep
    {
        get
        {
            byte here;
            return (nuint)(&here) < t_deep;
        }
    }

    /// <summary>Whether the exception that passes all handlers is on its way: what it passes runs on top of it.</summary>
    public static unsafe bool IsPassing
    {
        get
        {
            byte here;
            return t_last.Exception is not null && (nuint)(&here) < t_last.At && t_last.Cell == CellContext.Current;
        }
    }

    /// <summary>Where throwing once more could end the stack.</summary>
    private static bool IsLast => t_edge != 0 && Beyond() > t_beyond.Throws;

    /// <summary>Says how large this thread's stack is, near its beginning.</summary>
    public static unsafe void Begin(int stackSize)
    {
        byte here;
        t_edge = (nuint)(&here) - (nuint)stackSize + Reserve + (64 << 10);
        t_deep = (nuint)(&here) - DeepStack;
        t_beyond = (Reserve / 2, Reserve / 4 * 3);
    }

    /// <summary>A call of the cell's code where <see cref="IsLow"/>.</summary>
    /// <exception cref="InsufficientExecutionStackException">It is too deep.</exception>
    [MethodImpl(MethodImplOptions.NoInlining)]
    public static void Enter()
    {
        if (t_edge == 0)
        {
            // A thread of somebody else's: the runtime keeps 128 KiB.
            LearnEdge();
            t_beyond = (40 << 10, 64 << 10);
        }
        var beyond = Beyond();
        if (beyond > t_beyond.Throws)
            GiveUp();
        if (beyond is <= LargestFrame || beyond > t_beyond.Calls)
            throw new InsufficientExecutionStackException();
    }

    /// <summary>The beginning of a handler of the cell's code where <see cref="IsLow"/>: it may be one of many that throw again.</summary>
    [MethodImpl(MethodImplOptions.NoInlining)]
    public static void Handle()
    {
        if (IsLast)
            GiveUp();
    }

    /// <summary>An interrupt is about to be thrown; where that would go on and on, ends the cell.</summary>
    [MethodImpl(MethodImplOptions.NoInlining)]
    public static unsafe void Interrupt(CellContext cell)
    {
        byte here;
        var at = (nuint)(&here);
        cell.CleanUp.Start();
        t_interrupt = (cell, at, t_interrupt.Cell == cell && at < t_interrupt.At ? t_interrupt.Count + 1 : 1);
        if (t_interrupt.Count > MostInterrupts || (IsDeep && cell.CleanUp.IsOver) || IsLast)
            GiveUp("The cell was interrupted, and what it ran to clean up on every level of its calls did not end.");
    }

    [DoesNotReturn]
    private static void GiveUp() =>
        GiveUp("The calls were nested too deep, most likely by endless recursion, and what caught the exception on every level threw again.");

    /// <summary>Ends the cell by an exception that none of its handlers catches; where that is of no use, without this thread, which never goes
    /// on.</summary>
    [DoesNotReturn]
    private static unsafe void GiveUp(string message)
    {
        byte here;
        var cell = CellContext.Current;
        var count = t_last.Cell == cell ? t_last.Count : 0;
        if (count < MostLast)
        {
            var last = new InsufficientExecutionStackException(message);
            t_last = (last, cell, (nuint)(&here), count + 1, 0);
            throw last;
        }
        if (cell is not null)
        {
            var error = new InsufficientExecutionStackException(message + " The thread was left behind.");
            // Finding words takes more stack than there is here.
            new Thread(() => cell.Fail(error)) { IsBackground = true, Name = "Too deep" }.UnsafeStart();
        }
        while (true)
            Wait();
    }

    /// <summary>Whether an exception may be caught.</summary>
    public static bool Handles(Exception exception) => !ReferenceEquals(exception, t_last.Exception);

    /// <summary>Notes a <c>finally</c> block that an exception will come through; never true.</summary>
    public static bool Passes(Exception exception)
    {
        // All that it passes is asked before the first of these blocks runs.
        if (!Handles(exception))
            t_last.Passed++;
        return false;
    }

    /// <summary>Whether a <c>finally</c> block is to do what it does: it is one more handler, which may call without end.</summary>
    public static bool Finishes()
    {
        if (t_last.Passed == 0 || t_last.Cell != CellContext.Current)
            return true;
        t_last.Passed--;
        return false;
    }

    private static unsafe void LearnEdge()
    {
        byte here;
        t_edge = (nuint)(&here);
    }

    private static unsafe nuint Beyond()
    {
        byte here;
        return (nuint)(&here) < t_edge ? t_edge - (nuint)(&here) : 0;
    }

    private static void Wait()
    {
        try
        {
            Thread.Sleep(Timeout.Infinite);
        }
        catch (ThreadInterruptedException)
        {
            // The cell's waits are broken; this one is for ever.
        }
    }
}
