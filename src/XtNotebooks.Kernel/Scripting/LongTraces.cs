using System.Runtime.CompilerServices;

namespace XtNotebooks.Kernel.Scripting;

/// <summary>Cuts the stack trace of an exception on its way through thousands of asynchronous functions: every one of them copies it all
/// and adds its own lines.</summary>
internal static class LongTraces
{
    /// <summary>More functions than an error shows.</summary>
    private const int Longest = 32;

    private static readonly ConditionalWeakTable<Exception, StrongBox<int>> Passed = [];

    /// <summary>Counts a function that the exception passes.</summary>
    /// <returns>Whether it is time to go on with <see cref="Anew"/>.</returns>
    public static bool IsLong(InsufficientExecutionStackException exception) => ++Passed.GetOrAdd(exception, _ => new StrongBox<int>()).Value >= Longest;

    /// <summary>The same exception without the functions it has passed.</summary>
    public static InsufficientExecutionStackException Anew(InsufficientExecutionStackException exception) => new(exception.Message, exception.InnerException);
}
