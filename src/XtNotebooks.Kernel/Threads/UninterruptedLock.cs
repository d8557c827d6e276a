namespace XtNotebooks.Kernel.Threads;

/// <summary>Enters a lock without a wait that an interrupt of the cell could break: what the cell had written would be lost with
/// it.</summary>
internal static class UninterruptedLock
{
    /// <summary>For locks that are held for microseconds only.</summary>
    public static Lock.Scope EnterUninterrupted(this Lock gate)
    {
        while (!gate.TryEnter())
            Thread.Yield();
        // Once more, which never waits, for the scope that leaves it; the first one is given back.
        var scope = gate.EnterScope();
        gate.Exit();
        return scope;
    }

    /// <summary>The same for a monitor; to be left by <see cref="Monitor.Exit(object)"/>.</summary>
    public static void Enter(object gate)
    {
        while (!Monitor.TryEnter(gate))
            Thread.Yield();
    }
}
