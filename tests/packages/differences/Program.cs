// Says in what two assemblies differ that ought to be the same to the byte: dotnet run --project tests/packages/differences -- ONE.dll OTHER.dll [ONE.pdb OTHER.pdb].
// Exit code 0 where they are the same, 1 where they differ.
using System.Reflection.Metadata;
using System.Reflection.Metadata.Ecma335;
using System.Reflection.PortableExecutable;
using System.Security.Cryptography;
using System.Text;
using Fact = (string Part, string Name, string Value);

if (args.Length is not (2 or 4))
{
    Console.Error.WriteLine("give two assemblies, and their symbols or none");
    return 2;
}
const int shown = 5;
var found = Compare(Assembly(args[0]), Assembly(args[1]));
if (args.Length == 4)
    found.AddRange(Compare(Symbols(args[2]), Symbols(args[3])));
foreach (var line in found)
    Console.WriteLine(line);
var same = File.ReadAllBytes(args[0]).AsSpan().SequenceEqual(File.ReadAllBytes(args[1]));
if (!same && found.Count == 0)
    Console.WriteLine("the bytes differ, but nothing that is compared here does");
return same && found.Count == 0 ? 0 : 1;

// For each part its order, then what is on one side alone or of another value.
static List<string> Compare(IEnumerable<Fact> ones, IEnumerable<Fact> others)
{
    List<string> lines = [];
    var (left, right) = (ones.ToLookup(fact => fact.Part), others.ToLookup(fact => fact.Part));
    foreach (var part in left.Select(group => group.Key).Union(right.Select(group => group.Key)))
    {
        var (one, other) = (left[part].ToList(), right[part].ToList());
        if (one.SequenceEqual(other))
            continue;
        var differing = one.Except(other).Select(fact => (fact, Side: "one")).Concat(other.Except(one).Select(fact => (fact, Side: "other")))
            .OrderBy(pair => pair.fact.Name, StringComparer.Ordinal).ToList();
        lines.Add($"{part}: {(differing.Count == 0 ? "the same, in another order" : $"{differing.Count} entries that only one of the two has")}");
        if (differing.Count == 0)
        {
            var at = one.Zip(other).TakeWhile(pair => pair.First == pair.Second).Count();
            lines.Add($"  from number {at} on: {one[at].Name} in one, {other[at].Name} in the other");
        }
        foreach (var entries in differing.GroupBy(pair => pair.fact.Name).Take(shown))
        {
            // Two values of one name are shown from a little before the place where they part.
            var values = entries.Select(pair => pair.fact.Value).ToList();
            var from = values.Count == 2 ? Math.Max(0, values[0].Zip(values[1]).TakeWhile(pair => pair.First == pair.Second).Count() - 40) : 0;
            lines.AddRange(entries.Select(pair => $"  {pair.Side}: {pair.fact.Name} = {(from > 0 ? $"… ({from} characters) " : "")}{Short(pair.fact.Value[from..])}"));
        }
    }
    return lines;
}

static string Short(string text) => text.Length <= 300 ? text : text[..300] + $" … ({text.Length} characters)";

static string Hash(ReadOnlySpan<byte> bytes) => $"{bytes.Length} bytes, {Convert.ToHexString(SHA256.HashData(bytes))[..16]}";

static IEnumerable<Fact> Assembly(string path)
{
    using var file = new PEReader(File.OpenRead(path));
    var metadata = file.GetMetadataReader();
    List<Fact> facts =
    [
        ("identity", "MVID", metadata.GetGuid(metadata.GetModuleDefinition().Mvid).ToString()),
        ("headers", "time stamp", $"{file.PEHeaders.CoffHeader.TimeDateStamp:x8}"),
        ("headers", "size of image", $"{file.PEHeaders.PEHeader!.SizeOfImage}"),
        .. file.PEHeaders.SectionHeaders.Select(section => ("headers", section.Name, $"{section.VirtualSize} bytes")),
    ];
    foreach (var entry in file.ReadDebugDirectory())
    {
        facts.Add(("debug directory", entry.Type.ToString(), entry.Type switch
        {
            DebugDirectoryEntryType.CodeView => $"{file.ReadCodeViewDebugDirectoryData(entry).Guid} {file.ReadCodeViewDebugDirectoryData(entry).Path}",
            DebugDirectoryEntryType.PdbChecksum => Convert.ToHexString([.. file.ReadPdbChecksumDebugDirectoryData(entry).Checksum]),
            _ => $"{entry.DataSize} bytes",
        }));
    }
    foreach (var reference in metadata.AssemblyReferences.Select(metadata.GetAssemblyReference))
        facts.Add(("references", metadata.GetString(reference.Name), reference.Version.ToString()));
    foreach (var resource in metadata.ManifestResources.Select(metadata.GetManifestResource))
        facts.Add(("resources", metadata.GetString(resource.Name), Resource(file, (int)resource.Offset)));
    facts.AddRange(Names(metadata));
    facts.AddRange(Bodies(file, metadata));
    facts.AddRange(Heaps(metadata));
    return facts;
}

static string Resource(PEReader file, int offset)
{
    var all = file.GetSectionData(file.PEHeaders.CorHeader!.ResourcesDirectory.RelativeVirtualAddress);
    var reader = all.GetReader(offset, all.Length - offset);
    return Hash(reader.ReadBytes(reader.ReadInt32()));
}

// Types, members and attributes in the order in which they were written.
static IEnumerable<Fact> Names(MetadataReader metadata)
{
    foreach (var handle in metadata.TypeDefinitions)
    {
        var type = metadata.GetTypeDefinition(handle);
        var name = TypeName(metadata, handle);
        yield return ("types", name, type.Attributes.ToString());
        foreach (var field in type.GetFields().Select(metadata.GetFieldDefinition))
            yield return ("fields", $"{name}.{metadata.GetString(field.Name)}", field.Attributes.ToString());
        foreach (var method in type.GetMethods().Select(metadata.GetMethodDefinition))
            yield return ("methods", $"{name}.{metadata.GetString(method.Name)}", Convert.ToHexString(metadata.GetBlobBytes(method.Signature)));
    }
    foreach (var attribute in metadata.CustomAttributes.Select(metadata.GetCustomAttribute))
        yield return ("attributes", $"{attribute.Parent.Kind} {MetadataTokens.GetToken(attribute.Parent):x8}", Convert.ToHexString(metadata.GetBlobBytes(attribute.Value)));
    for (var table = 0; table < 64; table++)
    {
        if (metadata.GetTableRowCount((TableIndex)table) is > 0 and var rows)
            yield return ("tables", ((TableIndex)table).ToString(), $"{rows} rows");
    }
}

static IEnumerable<Fact> Bodies(PEReader file, MetadataReader metadata)
{
    foreach (var handle in metadata.TypeDefinitions)
    {
        foreach (var method in metadata.GetTypeDefinition(handle).GetMethods().Select(metadata.GetMethodDefinition).Where(method => method.RelativeVirtualAddress != 0))
        {
            var body = file.GetMethodBody(method.RelativeVirtualAddress);
            yield return ("code", $"{TypeName(metadata, handle)}.{metadata.GetString(method.Name)}", Convert.ToHexString(body.GetILBytes()!));
        }
    }
}

static IEnumerable<Fact> Heaps(MetadataReader metadata)
{
    for (var handle = MetadataTokens.UserStringHandle(1); !handle.IsNil; handle = metadata.GetNextHandle(handle))
        yield return ("literals", metadata.GetUserString(handle), "");
    for (var handle = MetadataTokens.StringHandle(1); !handle.IsNil; handle = metadata.GetNextHandle(handle))
        yield return ("names", metadata.GetString(handle), "");
    for (var handle = MetadataTokens.BlobHandle(1); !handle.IsNil; handle = metadata.GetNextHandle(handle))
        yield return ("blobs", Convert.ToHexString(metadata.GetBlobBytes(handle)), "");
}

// Which sources, compiler and references the compiler itself has written down.
static IEnumerable<Fact> Symbols(string path)
{
    using var provider = MetadataReaderProvider.FromPortablePdbStream(File.OpenRead(path));
    var metadata = provider.GetMetadataReader();
    List<Fact> facts = [("symbols", "id", Convert.ToHexString([.. metadata.DebugMetadataHeader!.Id]))];
    foreach (var document in metadata.Documents.Select(metadata.GetDocument))
        facts.Add(("sources", metadata.GetString(document.Name), Convert.ToHexString(metadata.GetBlobBytes(document.Hash))));
    foreach (var information in metadata.CustomDebugInformation.Select(metadata.GetCustomDebugInformation))
    {
        var bytes = metadata.GetBlobBytes(information.Value);
        var kind = metadata.GetGuid(information.Kind).ToString();
        // Of the whole module: compiler options, references with their sizes and identities, source links. These have readable text in them.
        facts.Add(information.Parent.Kind == HandleKind.ModuleDefinition
            ? ("the compiler's notes", kind, Readable(bytes))
            : ("debug information", $"{kind} of {information.Parent.Kind} {MetadataTokens.GetToken(information.Parent):x8}", Hash(bytes)));
    }
    foreach (var method in metadata.MethodDebugInformation)
        facts.Add(("sequence points", $"{MetadataTokens.GetToken(method):x8}", Hash(metadata.GetBlobBytes(metadata.GetMethodDebugInformation(method).SequencePointsBlob))));
    foreach (var scope in metadata.LocalScopes.Select(metadata.GetLocalScope))
    {
        foreach (var local in scope.GetLocalVariables().Select(metadata.GetLocalVariable))
            facts.Add(("locals", metadata.GetString(local.Name), $"{MetadataTokens.GetToken(scope.Method):x8}, {local.Index}"));
    }
    return facts;
}

static string Readable(byte[] bytes)
{
    var text = new StringBuilder();
    foreach (var one in bytes)
        text.Append(one is >= 32 and < 127 ? (char)one : one == 0 ? ' ' : '.');
    return $"{Hash(bytes)}: {text}";
}

static string TypeName(MetadataReader metadata, TypeDefinitionHandle handle)
{
    var type = metadata.GetTypeDefinition(handle);
    var name = metadata.GetString(type.Name);
    var outer = type.GetDeclaringType();
    if (!outer.IsNil)
        return $"{TypeName(metadata, outer)}/{name}";
    return type.Namespace.IsNil ? name : $"{metadata.GetString(type.Namespace)}.{name}";
}
