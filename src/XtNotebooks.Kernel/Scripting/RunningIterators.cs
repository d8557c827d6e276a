using System.Globalization;
using System.Runtime.CompilerServices;

namespace XtNotebooks.Kernel.Scripting;

/// <summary>How many iterators of cells run on this thread, each asked for its next item by the one before.</summary>
/// <remarks>Their stack would tell, but too late: whoever recurs through <c>yield</c> passes every item through all levels, so that the
/// way to the stack's end takes as many steps as its length squared.</remarks>
internal static class RunningIterators
{
    /// <summary>Deeper than honest recursion of that cost goes, and reached within a second.</summary>
    public const int Deepest = 10_000;

    [ThreadStatic]
    private static int t_running;

    /// <summary>An iterator begins.</summary>
    /// <returns>How many run now.</returns>
    /// <exception cref="InsufficientExecutionStackException">Too many.</exception>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static int Begin()
    {
        var running = t_running + 1;
        if (running > Deepest)
            Fail();
        t_running = running;
        return running;
    }

    /// <summary>It gives an item back, and is left until it is asked for another.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void Pause(ref int running)
    {
        t_running = running - 1;
        running = 0;
    }

    /// <summary>It ends, or is disposed of where it was left.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void End(int running)
    {
        if (running > 0)
            t_running = running - 1;
    }

    [MethodImpl(MethodImplOptions.NoInlining)]
    private static void Fail() => throw new InsufficientExecutionStackException(string.Create(CultureInfo.InvariantCulture,
        $"More than {Deepest:N0} iterators read from one another, most likely by endless recursion."));
}
