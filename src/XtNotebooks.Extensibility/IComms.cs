namespace XtNotebooks.Extensibility;

/// <summary>Two-way channels between code in the notebook and code in the front end: what interactive widgets are built on.</summary>
/// <remarks>Data is JSON text that holds an object. Members may be called from any thread. Source: Jupyter messaging specification,
/// custom messages.</remarks>
public interface IComms
{
    /// <summary>Opens a comm to the front end's code that is registered under <paramref name="targetName"/>.</summary>
    /// <param name="targetName">The name the front end knows, for example <c>jupyter.widget</c>.</param>
    /// <param name="json">What the other side is created from.</param>
    /// <param name="buffers">Binary parts that travel beside the JSON.</param>
    /// <exception cref="ArgumentException">The name is empty or the text is no JSON object.</exception>
    IComm Open(string targetName, string json = "{}", IReadOnlyList<byte[]>? buffers = null);

    /// <summary>Says what happens when the front end opens a comm to <paramref name="targetName"/>; a second call replaces the first.</summary>
    /// <param name="targetName">The name the front end will use.</param>
    /// <param name="opened">Gets the new comm and what it was opened with. It is the place to subscribe to the comm's events.</param>
    void Accept(string targetName, Action<IComm, CommData> opened);
}

/// <summary>One open channel to the front end.</summary>
public interface IComm
{
    /// <summary>The id that both sides know it by.</summary>
    string Id { get; }

    /// <summary>The name it was opened under.</summary>
    string TargetName { get; }

    /// <summary>Whether neither side has closed it yet.</summary>
    bool IsOpen { get; }

    /// <summary>Data has come from the front end.</summary>
    event EventHandler<CommData> Received;

    /// <summary>The front end has closed the comm, with its last words.</summary>
    event EventHandler<CommData> Closed;

    /// <summary>Sends data to the front end.</summary>
    /// <exception cref="ArgumentException">The text is no JSON object.</exception>
    /// <exception cref="InvalidOperationException">The comm is closed.</exception>
    void Send(string json, IReadOnlyList<byte[]>? buffers = null);

    /// <summary>Closes the comm on both sides; closing a closed one does nothing.</summary>
    void Close(string json = "{}");
}

/// <summary>What one comm message carries.</summary>
/// <param name="Json">A JSON object as text.</param>
/// <param name="Buffers">Binary parts; often none.</param>
public sealed record CommData(string Json, IReadOnlyList<byte[]> Buffers);
