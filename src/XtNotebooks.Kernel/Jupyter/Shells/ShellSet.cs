using System.Collections.Concurrent;
using XtNotebooks.Kernel.Jupyter.Wire;

namespace XtNotebooks.Kernel.Jupyter.Shells;

/// <summary>The main shell and its subshells.</summary>
/// <remarks>Source: Jupyter enhancement proposal 91, kernel subshells.</remarks>
internal sealed class ShellSet(Func<Shell, IncomingMessage, CancellationToken, Task> handle) : IDisposable
{
    private readonly ConcurrentDictionary<string, Shell> subshells = new();

    public Shell Main { get; } = new(null, "Main shell", handle);

    public IReadOnlyCollection<string> Ids => [.. subshells.Keys];

    /// <summary>The shell with this id, the main shell for null; null where there is none.</summary>
    public Shell? Find(string? id) => id is null ? Main : subshells.GetValueOrDefault(id);

    /// <summary>Makes a subshell.</summary>
    /// <returns>Its id.</returns>
    public string Create()
    {
        var id = Guid.NewGuid().ToString();
        subshells[id] = new Shell(id, $"Subshell {id[..8]}", handle);
        return id;
    }

    /// <summary>Ends a subshell, with the cell it runs; false where there is none with this id.</summary>
    public bool Delete(string id)
    {
        if (!subshells.TryRemove(id, out var shell))
            return false;
        shell.Dispose();
        return true;
    }

    /// <summary>Stops the running cells: of the subshell that the message names, or of all.</summary>
    public void Interrupt(MessageHeader? by)
    {
        if (by?.SubshellId is { } id)
        {
            Find(id)?.Interrupt(by);
            return;
        }
        Main.Interrupt(by);
        foreach (var shell in subshells.Values)
            shell.Interrupt(by);
    }

    public void Dispose()
    {
        foreach (var id in Ids)
            Delete(id);
        Main.Dispose();
    }
}
