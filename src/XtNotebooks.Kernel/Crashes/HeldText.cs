using System.IO.MemoryMappedFiles;
using System.Runtime.InteropServices;
using Microsoft.Win32.SafeHandles;
using XtNotebooks.Kernel.Scripting;

namespace XtNotebooks.Kernel.Crashes;

/// <summary>The text that one cell has written last, in memory that is the beginning of a file: it costs no call of the system, and is
/// there when the process has died.</summary>
internal sealed class HeldText
{
    /// <summary>Where in the file it begins, and where it ends.</summary>
    public const int Begin = UnsentOutput.HeadLength, End = 1 << 16;

    private const int MostCharacters = 1 << 14;

    /// <summary>The places of the fields; the parent has the rest.</summary>
    private const int SinceAt = Begin, CharactersAt = SinceAt + 8, StreamAt = CharactersAt + 4, ParentLengthAt = StreamAt + 4,
        TextAt = ParentLengthAt + 4, ParentAt = TextAt + (MostCharacters * sizeof(char));

    private readonly SafeBuffer memory;
    private byte[]? parent;
    private int characters;

    private HeldText(SafeBuffer memory) => this.memory = memory;

    /// <summary>What it holds after its process has died.</summary>
    /// <param name="beginning">The file to <see cref="End"/>.</param>
    /// <returns>The text, and the end of the file's records when its first character came; null where it holds none.</returns>
    public static (LastText Text, long Since)? Read(ReadOnlySpan<byte> beginning)
    {
        var (count, parentLength) = (MemoryMarshal.Read<int>(beginning[CharactersAt..]), MemoryMarshal.Read<int>(beginning[ParentLengthAt..]));
        if (count is <= 0 or > MostCharacters || parentLength is < 0 or > End - ParentAt)
            return null;
        var text = MemoryMarshal.Cast<byte, char>(beginning[TextAt..])[..count].ToString();
        var stream = (StreamName)MemoryMarshal.Read<int>(beginning[StreamAt..]);
        return (new LastText(beginning.Slice(ParentAt, parentLength).ToArray(), stream, text), MemoryMarshal.Read<long>(beginning[SinceAt..]));
    }

    /// <summary>Takes the beginning of a file for it.</summary>
    /// <param name="file">The open file.</param>
    /// <param name="path">The file's path.</param>
    /// <returns>Null where the system cannot do it, or not without danger.</returns>
    public static HeldText? In(SafeFileHandle file, string path)
    {
        try
        {
            // These find a new place on the disk for whatever is written: where it is full, a write to memory would end the process.
            if (!OperatingSystem.IsWindows() && new DriveInfo(path).DriveFormat is "btrfs" or "zfs" or "nfs")
                return null;
            // Everywhere else what has been written once has its place.
            RandomAccess.Write(file, new byte[End - Begin], Begin);
            var map = MemoryMappedFile.CreateFromFile(file, null, 0, MemoryMappedFileAccess.ReadWrite, HandleInheritability.None, leaveOpen: true);
            return new HeldText(map.CreateViewAccessor(0, End).SafeMemoryMappedViewHandle);
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException or ArgumentException or NotSupportedException)
        {
            return null;
        }
    }

    /// <summary>Whether it holds text of this cell.</summary>
    public bool IsOf(byte[] parentHeader) => ReferenceEquals(parent, parentHeader);

    /// <summary>Adds text.</summary>
    /// <param name="parentHeader">The header of the request that runs the cell.</param>
    /// <param name="stream">Where it is written to.</param>
    /// <param name="text">What comes after what was added before.</param>
    /// <param name="end">The end of the file's records.</param>
    /// <returns>False where it holds another cell's, or has no room.</returns>
    public bool TryAdd(byte[] parentHeader, StreamName stream, string text, long end)
    {
        if (text.Length > MostCharacters - characters || parentHeader.Length > End - ParentAt || !(parent is null || IsOf(parentHeader)))
            return false;
        if (parent is null)
        {
            memory.Write(SinceAt, end);
            memory.Write(StreamAt, (int)stream);
            memory.Write(ParentLengthAt, parentHeader.Length);
            memory.WriteSpan<byte>(ParentAt, parentHeader);
            parent = parentHeader;
        }
        memory.WriteSpan<char>((ulong)(TextAt + (characters * sizeof(char))), text);
        // Last: what is counted is there.
        memory.Write(CharactersAt, characters += text.Length);
        return true;
    }

    /// <summary>What it holds.</summary>
    public (byte[] ParentHeader, StreamName Stream, string Text)? Now()
    {
        if (parent is null)
            return null;
        var text = new char[characters];
        memory.ReadSpan<char>(TextAt, text);
        return (parent, (StreamName)memory.Read<int>(StreamAt), new string(text));
    }

    public void Clear()
    {
        if (parent is null)
            return;
        memory.Write(CharactersAt, characters = 0);
        parent = null;
    }
}
