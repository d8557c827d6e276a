using System.Buffers.Binary;
using System.Runtime.InteropServices;
using Microsoft.Win32.SafeHandles;
using XtNotebooks.Kernel.Scripting;
using XtNotebooks.Kernel.Threads;

namespace XtNotebooks.Kernel.Crashes;

/// <summary>What cells have shown and the sockets' thread has not handed to the system yet, and text that still waits for more: a process
/// that dies takes it along, and it is what the reader wants to see most.</summary>
/// <remarks>A file of records behind <see cref="HeldText"/>. A head tells how many of them are out of date; once all are, the next begins at
/// their start again. Each record is one call of the system, a few microseconds.</remarks>
internal sealed class UnsentOutput
{
    /// <summary>Beside the journal.</summary>
    public const string Suffix = ".out";

    /// <summary>Epoch and the number of the last message sent, of 8 bytes each.</summary>
    public const int HeadLength = 16;

    /// <summary>A record begins with the epoch, its number (0 for text), and the lengths of its parts, each one more than it is, and 0 after
    /// the last.</summary>
    public const int MostParts = 16;

    /// <summary>Where the sockets are that far behind, what waits is given up.</summary>
    private const long MostNoted = 64L << 20;

    private readonly Lock gate = new();
    private readonly SafeFileHandle file;
    private readonly HeldText? held;

    /// <summary>The cells with text that is in no message yet.</summary>
    private readonly HashSet<byte[]> waiting = new(ReferenceEqualityComparer.Instance);

    private long epoch = 1;
    private long added;
    private long end = HeldText.End;

    /// <param name="path">An empty file.</param>
    public UnsentOutput(string path)
    {
        file = File.OpenHandle(path, FileMode.OpenOrCreate, FileAccess.ReadWrite, FileShare.ReadWrite | FileShare.Delete);
        held = HeldText.In(file, path);
        WriteHead(0);
    }

    /// <summary>Does something once what was sent before is with the system.</summary>
    public Action<Action> AfterSending { get; set; } = _ => { };

    /// <summary>Opens the file that the supervisor wants; null where there is none.</summary>
    public static UnsentOutput? ForSupervisor()
    {
        try
        {
            return Journal.PathGiven is { } path ? new UnsentOutput(path + Suffix) : null;
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            return null;
        }
    }

    /// <summary>Notes a publication and sends it.</summary>
    /// <param name="frames">Its frames.</param>
    /// <param name="send">Hands it to the sockets.</param>
    public void Send(IReadOnlyList<byte[]> frames, Action send)
    {
        // Both at once: the order of the notes is that of the messages.
        using (gate.EnterUninterrupted())
        {
            // Streams of cells alone have such a topic, and it is all text of the cell so far.
            var isText = frames[0].AsSpan().StartsWith("stream."u8);
            if (isText)
                waiting.Remove(frames[4]);
            var (began, number) = Write(frames, isMessage: true) ? (epoch, ++added) : (0, 0);
            if (isText && held?.IsOf(frames[4]) == true)
                held.Clear();
            send();
            if (number > 0)
                AfterSending(() => Sent(began, number));
        }
    }

    /// <summary>Notes text of a cell that is not sent yet.</summary>
    /// <param name="parentHeader">The header of the request that runs the cell.</param>
    /// <param name="stream">Where it is written to.</param>
    /// <param name="text">What comes after what was noted before.</param>
    public void Wait(byte[] parentHeader, StreamName stream, string text)
    {
        using (gate.EnterUninterrupted())
        {
            if (held?.TryAdd(parentHeader, stream, text, end) != true)
            {
                if (held?.Now() is var (parent, of, before))
                {
                    WriteText(parent, of, before);
                    held.Clear();
                }
                if (held?.TryAdd(parentHeader, stream, text, end) != true)
                    WriteText(parentHeader, stream, text);
            }
            waiting.Add(parentHeader);
        }
    }

    private void Sent(long began, long number)
    {
        using (gate.EnterUninterrupted())
        {
            if (began != epoch)
                return;
            if (number == added && waiting.Count == 0)
                Restart();
            else
                WriteHead(number);
        }
    }

    private void Restart()
    {
        held?.Clear();
        waiting.Clear();
        epoch++;
        (added, end) = (0, HeldText.End);
        WriteHead(0);
    }

    private void WriteText(byte[] parentHeader, StreamName stream, string text) =>
        Write([parentHeader, [(byte)stream], MemoryMarshal.AsBytes<char>(text).ToArray()], isMessage: false);

    private bool Write(IReadOnlyList<byte[]> parts, bool isMessage)
    {
        var length = HeadLength + (8 * (parts.Count + 1)) + parts.Sum(part => (long)part.Length);
        if (end + length > MostNoted)
            Restart();
        if (end + length > MostNoted || parts.Count > MostParts)
            return false;
        var head = new byte[HeadLength + (8 * (parts.Count + 1))];
        BinaryPrimitives.WriteInt64LittleEndian(head, epoch);
        BinaryPrimitives.WriteInt64LittleEndian(head.AsSpan(8), isMessage ? added + 1 : 0);
        for (var i = 0; i < parts.Count; i++)
            BinaryPrimitives.WriteInt64LittleEndian(head.AsSpan(HeadLength + (8 * i)), parts[i].Length + 1);
        if (!Try(() => RandomAccess.Write(file, [head, .. parts.Select(part => (ReadOnlyMemory<byte>)part)], end)))
            return false;
        end += length;
        return true;
    }

    private void WriteHead(long sent)
    {
        var head = new byte[HeadLength];
        BinaryPrimitives.WriteInt64LittleEndian(head, epoch);
        BinaryPrimitives.WriteInt64LittleEndian(head.AsSpan(8), sent);
        Try(() => RandomAccess.Write(file, head, 0));
    }

    /// <summary>A full disk must not fail a cell.</summary>
    private static bool Try(Action write)
    {
        try
        {
            write();
            return true;
        }
        catch (IOException)
        {
            return false;
        }
    }
}
