namespace XtNotebooks.Kernel.Jupyter.Wire;

/// <summary>The raw header of the message that the code of the moment answers; it flows into the threads and tasks that this code
/// starts.</summary>
internal static class ParentHeader
{
    private static readonly AsyncLocal<byte[]?> Local = new();

    public static byte[]? Current => Local.Value;

    /// <summary>Sets the header until the result is disposed.</summary>
    public static IDisposable Begin(byte[]? rawHeader)
    {
        var before = Local.Value;
        Local.Value = rawHeader;
        return new Scope(before);
    }

    private sealed class Scope(byte[]? before) : IDisposable
    {
        public void Dispose() => Local.Value = before;
    }
}
