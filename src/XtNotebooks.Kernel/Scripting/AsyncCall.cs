using System.Globalization;

namespace XtNotebooks.Kernel.Scripting;

/// <summary>One call of an asynchronous function of a cell, from its start to its end: how deep such calls wait for one another.</summary>
/// <remarks>The stack does not tell: after an await the callers are on the heap, where endless recursion would go on until memory runs out.
/// And even where they are on the stack it is too late at its end, since every one of so many calls throws the exception anew, with a stack
/// trace that is longer by itself each time.</remarks>
internal sealed class AsyncCall : IDisposable
{
    /// <summary>Flows to what the function calls, awaits and starts, not back to its caller: an asynchronous function restores that
    /// one's.</summary>
    private static readonly AsyncLocal<AsyncCall?> Current = new();

    private readonly CallChain _chain;
    private AsyncCall? _caller;
    private AsyncCall? _continued;
    private int _depth;
    private volatile bool _ended;

    private AsyncCall(AsyncCall? caller, CallChain chain)
    {
        _caller = caller;
        _depth = caller is null ? 1 : caller._depth + 1;
        _chain = chain;
    }

    /// <summary>Begins a call, until the result is disposed of.</summary>
    /// <exception cref="InsufficientExecutionStackException">Too many others wait for it.</exception>
    public static AsyncCall Begin()
    {
        var caller = Waiting(Current.Value);
        var call = new AsyncCall(caller, caller?._chain ?? new CallChain(CellContext.Current?.Session.Options.MostAsyncCalls ?? CallChain.MostHere));
        if (call._depth > call._chain.Deepest)
            call.Recount();
        call._chain.Begin(call._depth);
        Current.Value = call;
        return call;
    }

    /// <summary>Goes on with a call that had gone back with an item: who asks for the next one is its caller now.</summary>
    /// <exception cref="InsufficientExecutionStackException">Too many others wait for it.</exception>
    public void Continue()
    {
        Dispose();
        // A new one, not this one with another caller: no call can come to be among its own callers.
        _continued = Begin();
    }

    public void Dispose()
    {
        if (!_ended)
        {
            _ended = true;
            _chain.End();
        }
        _continued?.Dispose();
    }

    /// <summary>The innermost call that has not ended: what a function leaves running is nobody's to wait for.</summary>
    private static AsyncCall? Waiting(AsyncCall? call)
    {
        if (call is not { _ended: true })
            return call;
        var caller = call._caller;
        while (caller is { _ended: true })
            caller = caller._caller;
        call._caller = caller;
        return caller;
    }

    /// <summary>Counts only those that still wait; a function that starts itself once more and ends may do so for ever.</summary>
    private void Recount()
    {
        var waiting = 0;
        for (var call = this; call is not null; call = call._caller)
        {
            waiting++;
            call._caller = Waiting(call._caller);
        }
        _chain.Recover();
        if (waiting > _chain.Deepest)
        {
            _chain.Halve();
            throw new InsufficientExecutionStackException(string.Create(CultureInfo.InvariantCulture,
                $"More than {CallChain.DeepestOfAll:N0} calls of asynchronous functions wait for one another, most likely by endless recursion."));
        }
        for (var call = this; call is not null; call = call._caller)
            call._depth = waiting--;
    }
}
