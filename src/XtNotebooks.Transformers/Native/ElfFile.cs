using System.Buffers.Binary;
using System.Text;

namespace XtNotebooks.Transformers.Native;

/// <summary>The parts of a 64-bit little-endian ELF library that say what it needs. Every read is checked, so that a cut or foreign file is
/// one clear error; only the parts asked for are read, since libtorch_cpu is half a gigabyte.</summary>
/// <remarks>Source: System V ABI, chapters on object files and dynamic linking; Linux Standard Base, symbol versioning.</remarks>
internal sealed class ElfFile
{
    public const byte WeakVersion = 0x2;

    private const uint Rela = 4, Dynamic = 6, DynamicSymbols = 11, NeededVersions = 0x6ffffffe, SymbolVersions = 0x6fffffff;
    private const int HeaderSize = 64, SectionSize = 64, SymbolSize = 24, RelaSize = 24, DynamicSize = 16;

    private readonly string path;
    private readonly Section[] sections;

    private sealed record Section(uint Type, long Offset, long Size, uint Link);

    /// <summary>A version that the library asks another library for.</summary>
    /// <param name="Library">Whom it asks, for example libstdc++.so.6.</param>
    /// <param name="Name">For example GLIBCXX_3.4.32.</param>
    /// <param name="Index">What the library's symbols call this version by.</param>
    /// <param name="FlagsOffset">Where in the file the flags of the entry are.</param>
    public sealed record Need(string Library, string Name, ushort Index, long FlagsOffset);

    private ElfFile(string path)
    {
        this.path = path;
        sections = ReadSections();
    }

    /// <exception cref="LibTorchException">The file is not a whole 64-bit ELF file.</exception>
    public static ElfFile Open(string path) => new(path);

    /// <summary>File names of the libraries that must be loaded with this one.</summary>
    public IReadOnlyList<string> Needed()
    {
        const long needed = 1;
        if (sections.FirstOrDefault(s => s.Type == Dynamic) is not { } dynamic)
            return [];
        var entries = Read(dynamic);
        var strings = Strings(dynamic);
        return [.. Enumerable.Range(0, entries.Length / DynamicSize)
            .Where(i => Int64(entries, i * DynamicSize) == needed)
            .Select(i => Text(strings, Int64(entries, i * DynamicSize + 8)))];
    }

    /// <summary>The versions asked for, from <c>.gnu.version_r</c>.</summary>
    public IReadOnlyList<Need> VersionNeeds()
    {
        if (sections.FirstOrDefault(s => s.Type == NeededVersions) is not { } section)
            return [];
        var entries = Read(section);
        var strings = Strings(section);
        var needs = new List<Need>();
        for (long at = 0, next = -1; next != 0; at += next)
        {
            var library = Text(strings, UInt32(entries, at + 4));
            var versions = UInt16(entries, at + 2);
            var version = at + UInt32(entries, at + 8);
            for (var i = 0; i < versions; i++)
            {
                needs.Add(new Need(library, Text(strings, UInt32(entries, version + 8)), UInt16(entries, version + 6), section.Offset + version + 4));
                version += UInt32(entries, version + 12);
            }
            next = UInt32(entries, at + 12);
        }
        return needs;
    }

    /// <summary>The indices of those versions whose symbols some relocation refers to.</summary>
    public IReadOnlySet<ushort> UsedVersions()
    {
        var used = new HashSet<ushort>();
        if (sections.FirstOrDefault(s => s.Type == SymbolVersions) is not { } section)
            return used;
        var versions = Read(section);
        foreach (var relocations in sections.Where(s => s.Type == Rela).Select(Read))
        {
            for (var at = 0; at + RelaSize <= relocations.Length; at += RelaSize)
            {
                var symbol = Int64(relocations, at + 8) >>> 32;
                if (symbol != 0)
                    used.Add((ushort)(UInt16(versions, symbol * 2) & 0x7fff));
            }
        }
        return used;
    }

    private Section[] ReadSections()
    {
        var header = Read(0, HeaderSize);
        if (UInt32(header, 0) != 0x464c457f || header[4] != 2 || header[5] != 1)
            throw Broken("is not a 64-bit ELF library");
        var (at, size, count) = (Int64(header, 0x28), UInt16(header, 0x3a), UInt16(header, 0x3c));
        if (size != SectionSize || count == 0)
            throw Broken("has no section table");
        var table = Read(at, (long)count * SectionSize);
        return [.. Enumerable.Range(0, count).Select(i => i * SectionSize).Select(entry => new Section(
            UInt32(table, entry + 4), Int64(table, entry + 0x18), Int64(table, entry + 0x20), UInt32(table, entry + 0x28)))];
    }

    private byte[] Strings(Section of) =>
        of.Link < sections.Length ? Read(sections[of.Link]) : throw Broken("is damaged: a section names a string table that is not there");

    private byte[] Read(Section section) => Read(section.Offset, section.Size);

    private byte[] Read(long offset, long size)
    {
        using var handle = File.OpenHandle(path);
        var length = RandomAccess.GetLength(handle);
        if (offset < 0 || size < 0 || size > length || offset > length - size)
            throw Broken($"is cut short or no library at all ({length} bytes)");
        var bytes = new byte[size];
        var read = 0;
        while (read < size)
        {
            var n = RandomAccess.Read(handle, bytes.AsSpan(read), offset + read);
            if (n == 0)
                throw Broken("was cut while it was read");
            read += n;
        }
        return bytes;
    }

    private string Text(byte[] strings, long at)
    {
        var rest = Span(strings, at, 1, strings.Length - at);
        var end = rest.IndexOf((byte)0);
        return end < 0 ? throw Broken("is damaged: a name does not end") : Encoding.UTF8.GetString(rest[..end]);
    }

    private ushort UInt16(byte[] bytes, long at) => BinaryPrimitives.ReadUInt16LittleEndian(Span(bytes, at, 2));
    private uint UInt32(byte[] bytes, long at) => BinaryPrimitives.ReadUInt32LittleEndian(Span(bytes, at, 4));
    private long Int64(byte[] bytes, long at) => BinaryPrimitives.ReadInt64LittleEndian(Span(bytes, at, 8));

    private ReadOnlySpan<byte> Span(byte[] bytes, long at, int least, long? size = null) =>
        at >= 0 && at <= bytes.Length - least ? bytes.AsSpan((int)at, (int)(size ?? least)) : throw Broken("is damaged: an entry points outside its table");

    private LibTorchException Broken(string how) => new($"{path} {how}; restore its package again (dotnet restore --force).");
}
