using Microsoft.CodeAnalysis;
using Microsoft.CodeAnalysis.Completion;
using Microsoft.CodeAnalysis.CSharp;
using Microsoft.CodeAnalysis.QuickInfo;
using Microsoft.CodeAnalysis.Tags;
using Microsoft.CodeAnalysis.Text;

namespace XtNotebooks.Kernel.Scripting.Language;

/// <summary>Roslyn's completion and quick info for the cell being typed, which continues what earlier cells have declared.</summary>
/// <remarks>Loaded when first asked: it costs over a second and a hundred megabytes.</remarks>
internal sealed class LanguageService : IDisposable
{
    private const int MostMatches = 1000;

    private readonly AdhocWorkspace _workspace = new(LanguageParts.Compose());
    private readonly Prelude _prelude = new();
    private readonly Dictionary<MetadataReference, MetadataReference> _documented = [];
    private readonly SemaphoreSlim _turn = new(1);
    private readonly ProjectId _preludeProject = ProjectId.CreateNewId();
    private readonly ProjectId _cellProject = ProjectId.CreateNewId();
    private readonly DocumentId _preludeDocument;
    private readonly DocumentId _cellDocument;
    private Solution _solution;
    private int _references;
    private string _earlier = "";

    public LanguageService()
    {
        _preludeDocument = DocumentId.CreateNewId(_preludeProject);
        _cellDocument = DocumentId.CreateNewId(_cellProject);
        _solution = _workspace.CurrentSolution
            .AddProject(Project(_preludeProject, "Earlier", SubmissionChain.DefaultUsings))
            .AddDocument(DocumentInfo.Create(_preludeDocument, "Earlier", sourceCodeKind: SourceCodeKind.Script, loader: Text("")))
            .AddProject(Project(_cellProject, "Cell", []))
            .AddDocument(DocumentInfo.Create(_cellDocument, "Cell", sourceCodeKind: SourceCodeKind.Script, loader: Text("")))
            .AddProjectReference(_cellProject, new ProjectReference(_preludeProject));
    }

    public void Dispose()
    {
        _workspace.Dispose();
        _turn.Dispose();
    }

    public async Task<CompletionReply> CompleteAsync(string code, int position, SubmissionChain chain, CancellationToken cancellationToken)
    {
        var document = await DocumentAsync(code, chain, cancellationToken);
        var service = CompletionService.GetService(document)!;
        var list = await service.GetCompletionsAsync(document, position, cancellationToken: cancellationToken);
        var span = list.Span;
        var typed = code[Math.Min(span.Start, position)..position];
        var matches = list.ItemsList
            .Where(item => item.FilterText.StartsWith(typed, StringComparison.OrdinalIgnoreCase))
            .OrderBy(item => item.FilterText.StartsWith(typed, StringComparison.Ordinal) ? 0 : 1)
            .ThenBy(item => item.SortText, StringComparer.Ordinal)
            .DistinctBy(item => item.DisplayText)
            .Take(MostMatches)
            .Select(item => new CompletionMatch(TextOf(item), Kind(item.Tags), item.InlineDescription ?? ""))
            .ToList();
        return new CompletionReply(span.Start, Math.Max(position, span.Start), matches);
    }

    /// <summary>Signature, type and documentation at a position, in plain text; null where there is nothing to tell.</summary>
    public async Task<string?> InspectAsync(string code, int position, SubmissionChain chain, CancellationToken cancellationToken)
    {
        var document = await DocumentAsync(code, chain, cancellationToken);
        var service = QuickInfoService.GetService(document)!;
        // Right behind a name, or inside the brackets that follow it, the name is meant.
        foreach (var place in Places(code, position))
        {
            if (await service.GetQuickInfoAsync(document, place, cancellationToken) is { Sections.Length: > 0 } info)
            {
                var sections = info.Sections.Select(section => section.Text.Trim()).Where(text => text.Length > 0);
                return string.Join("\n\n", sections);
            }
        }
        return null;
    }

    private static IEnumerable<int> Places(string code, int position)
    {
        var start = position;
        while (start > 0 && SyntaxFacts.IsIdentifierPartCharacter(code[start - 1]))
            start--;
        var isName = start < code.Length && SyntaxFacts.IsIdentifierStartCharacter(code[start]);
        if (isName)
            yield return start;
        var open = position > 0 ? code.LastIndexOf('(', position - 1) : -1;
        if (open > 0)
            yield return open - 1;
        if (!isName)
            yield return Math.Max(0, position - 1);
    }

    private async Task<Document> DocumentAsync(string code, SubmissionChain chain, CancellationToken cancellationToken)
    {
        await _turn.WaitAsync(cancellationToken);
        try
        {
            var references = chain.References;
            if (references.Count != _references)
            {
                var documented = references.Select(WithDocumentation).ToList();
                _solution = _solution.WithProjectMetadataReferences(_preludeProject, documented).WithProjectMetadataReferences(_cellProject, documented);
                _references = references.Count;
            }
            if (_prelude.Update(chain.Last) && _prelude.ToString() is var earlier && earlier != _earlier)
            {
                _solution = _solution.WithDocumentText(_preludeDocument, SourceText.From(earlier));
                _earlier = earlier;
            }
            // Each question builds on what was found out for the one before.
            _solution = _solution.WithDocumentText(_cellDocument, SourceText.From(code));
            return _solution.GetDocument(_cellDocument)!;
        }
        finally
        {
            _turn.Release();
        }
    }

    private static ProjectInfo Project(ProjectId id, string name, IEnumerable<string> usings) => ProjectInfo.Create(
        id, VersionStamp.Create(), name, name, LanguageNames.CSharp, isSubmission: true,
        parseOptions: SubmissionChain.ParseOptions.WithDocumentationMode(DocumentationMode.Parse),
        compilationOptions: new CSharpCompilationOptions(
            OutputKind.DynamicallyLinkedLibrary, usings: usings, allowUnsafe: true, nullableContextOptions: NullableContextOptions.Annotations));

    private static TextLoader Text(string text) => TextLoader.From(TextAndVersion.Create(SourceText.From(text), VersionStamp.Create()));

    /// <summary>The same metadata with the XML documentation that lies beside the file.</summary>
    private MetadataReference WithDocumentation(MetadataReference reference)
    {
        if (_documented.TryGetValue(reference, out var known))
            return known;
        var documented = reference;
        if (reference is PortableExecutableReference { Display: { } path } file && file.GetMetadata() is AssemblyMetadata metadata
            && Path.ChangeExtension(path, ".xml") is var xml && File.Exists(xml))
        {
            documented = metadata.GetReference(XmlDocumentationProvider.CreateFromFile(xml), filePath: path);
        }
        return _documented[reference] = documented;
    }

    /// <summary>What is inserted: the name without what the menu shows behind it.</summary>
    private static string TextOf(CompletionItem item) =>
        item.Properties.TryGetValue("InsertionText", out var insertion) ? insertion : item.DisplayText;

    private static string Kind(IReadOnlyList<string> tags)
    {
        foreach (var tag in tags)
        {
            switch (tag)
            {
                case WellKnownTags.Method or WellKnownTags.ExtensionMethod:
                    return "function";
                case WellKnownTags.Class or WellKnownTags.Structure or WellKnownTags.Delegate:
                    return "class";
                case WellKnownTags.Interface or WellKnownTags.Enum or WellKnownTags.Namespace or WellKnownTags.Property or WellKnownTags.Keyword:
                    return tag.ToLowerInvariant();
                case WellKnownTags.Field or WellKnownTags.Local or WellKnownTags.Parameter or WellKnownTags.Constant or WellKnownTags.EnumMember or WellKnownTags.RangeVariable:
                    return "instance";
            }
        }
        return "text";
    }
}
