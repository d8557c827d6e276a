namespace XtNotebooks.Transformers.Native;

/// <summary>Makes symbol versions optional that a library asks for but does not use.</summary>
/// <remarks>A library built with GCC 13 asks libstdc++ for GLIBCXX_3.4.32 because of one symbol, which merely announces that the stream
/// library initialises itself and to which no relocation refers. The loader refuses the library all the same, unless the entry in
/// <c>.gnu.version_r</c> carries the weak flag. Source: System V ABI, GNU symbol versioning (Elf64_Vernaux).</remarks>
internal static class SymbolVersions
{
    /// <summary>A copy of the library's bytes in which each of <paramref name="versions"/> has the weak flag.</summary>
    /// <exception cref="LibTorchException">The file is not a whole 64-bit ELF library, or it does use a symbol of that version.</exception>
    public static byte[] Relax(string path, IReadOnlyList<string> versions)
    {
        var elf = ElfFile.Open(path);
        var used = elf.UsedVersions();
        var bytes = File.ReadAllBytes(path);
        foreach (var need in elf.VersionNeeds().Where(need => versions.Contains(need.Name)))
        {
            if (used.Contains(need.Index))
                throw new LibTorchException(
                    $"{path} uses functions of {need.Name}, which this system's {need.Library} does not have; use a newer system or an older TorchSharp.");
            bytes[need.FlagsOffset] |= ElfFile.WeakVersion;
        }
        return bytes;
    }
}
