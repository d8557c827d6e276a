using System.Text;

namespace XtNotebooks.Kernel.Crashes;

/// <summary>Passes a stream of errors on, long stack traces shortened, and remembers its end, from where the runtime begins to say why it
/// dies.</summary>
internal sealed class ErrorTail
{
    /// <summary>How the runtime begins.</summary>
    private static readonly string[] LastWords =
        ["Stack overflow.", "Process terminated.", "Unhandled exception.", "Out of memory.", "Fatal error."];

    private const int Kept = 1 << 16;

    private readonly StringBuilder text = new();

    /// <summary>Copies to the end; what cannot be written is only remembered.</summary>
    public void Copy(Stream from, Stream to)
    {
        var buffer = new byte[1 << 14];
        var decoder = Encoding.UTF8.GetDecoder();
        var traces = new ShortenedTraces();
        int read;
        while ((read = from.Read(buffer)) > 0)
            Pass(traces.Pass(buffer.AsSpan(0, read)));
        Pass(traces.End());

        void Pass(ReadOnlySpan<byte> bytes)
        {
            try
            {
                to.Write(bytes);
                to.Flush();
            }
            catch (IOException)
            {
                // Whoever read the errors has gone.
            }
            var characters = new char[decoder.GetCharCount(bytes, flush: false)];
            Append(characters.AsSpan(0, decoder.GetChars(bytes, characters, flush: false)));
        }
    }

    public void Append(ReadOnlySpan<char> added)
    {
        lock (text)
        {
            text.Append(added);
            if (text.Length <= 2 * Kept)
                return;
            var all = text.ToString();
            var start = Start(all) is var found and >= 0 ? found : all.Length - Kept;
            text.Clear().Append(all.AsSpan(start, Math.Min(Kept, all.Length - start)));
        }
    }

    /// <summary>What was said last: the runtime's last words if there are any.</summary>
    public override string ToString()
    {
        lock (text)
        {
            var all = text.ToString();
            return Start(all) is var start and >= 0 ? all[start..] : all;
        }
    }

    private static int Start(string all) => LastWords.Max(words =>
        all.LastIndexOf("\n" + words, StringComparison.Ordinal) is var at and >= 0 ? at + 1
        : all.StartsWith(words, StringComparison.Ordinal) ? 0
        : -1);
}
