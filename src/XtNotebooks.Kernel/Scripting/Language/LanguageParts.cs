using System.Composition.Hosting;
using System.Reflection.Metadata;
using System.Reflection.Metadata.Ecma335;
using System.Reflection.PortableExecutable;
using Microsoft.CodeAnalysis.Host.Mef;

namespace XtNotebooks.Kernel.Scripting.Language;

/// <summary>The parts of Roslyn's editor features that completion and quick info are composed of.</summary>
/// <remarks>Roslyn's own composition loads all eleven thousand types of its assemblies to find the six hundred that are parts, and half of
/// those are refactorings and the like. Here the parts are found in the metadata, and only types that may be needed are loaded.</remarks>
internal static class LanguageParts
{
    private static readonly HashSet<string> Exports =
    [
        "ExportAttribute", "ExportLanguageServiceAttribute", "ExportLanguageServiceFactoryAttribute", "ExportWorkspaceServiceAttribute",
        "ExportWorkspaceServiceFactoryAttribute", "ExportCompletionProviderAttribute", "ExportQuickInfoProviderAttribute",
    ];

    private static readonly HashSet<string> LeftOut =
    [
        // What they offer needs an edit elsewhere, a using directive or brackets around what stands before, which a front end does not make.
        "TypeImportCompletionProvider", "ExtensionMemberImportCompletionProvider", "UnnamedSymbolCompletionProvider",
        // Snippets of an editor.
        "CSharpSnippetCompletionProvider", "SnippetCompletionProvider",
        // Directives are the notebook's own matter.
        "LoadDirectiveCompletionProvider", "ReferenceDirectiveCompletionProvider", "IncludeAppDirectiveCompletionProvider",
        "PackageAppDirectiveCompletionProvider", "ProjectAppDirectiveCompletionProvider", "PropertyAppDirectiveCompletionProvider",
        "RefAppDirectiveCompletionProvider", "SdkAppDirectiveCompletionProvider", "InternalsVisibleToCompletionProvider",
    ];

    /// <summary>The services, ready to be asked.</summary>
    public static MefHostServices Compose() => MefHostServices.Create(
        new ContainerConfiguration().WithParts(MefHostServices.DefaultAssemblies.SelectMany(Find)).CreateContainer());

    private static List<Type> Find(System.Reflection.Assembly assembly)
    {
        using var file = new PEReader(File.OpenRead(assembly.Location));
        var reader = file.GetMetadataReader();
        List<Type> parts = [];
        foreach (var handle in reader.TypeDefinitions)
        {
            var type = reader.GetTypeDefinition(handle);
            if (!type.Attributes.HasFlag(System.Reflection.TypeAttributes.Abstract) && !LeftOut.Contains(reader.GetString(type.Name))
                && type.GetCustomAttributes().Any(attribute => Exports.Contains(NameOf(reader, reader.GetCustomAttribute(attribute).Constructor))))
            {
                parts.Add(assembly.ManifestModule.ResolveType(MetadataTokens.GetToken(handle)));
            }
        }
        return parts;
    }

    private static string NameOf(MetadataReader reader, EntityHandle constructor) => constructor.Kind switch
    {
        HandleKind.MemberReference when reader.GetMemberReference((MemberReferenceHandle)constructor).Parent is { Kind: HandleKind.TypeReference } parent =>
            reader.GetString(reader.GetTypeReference((TypeReferenceHandle)parent).Name),
        HandleKind.MethodDefinition =>
            reader.GetString(reader.GetTypeDefinition(reader.GetMethodDefinition((MethodDefinitionHandle)constructor).GetDeclaringType()).Name),
        _ => "",
    };
}
