using System.Reflection;
using System.Text;
using Microsoft.CodeAnalysis;
using Microsoft.CodeAnalysis.CSharp;
using Microsoft.CodeAnalysis.Emit;
using Microsoft.CodeAnalysis.Text;
using XtNotebooks.Kernel.Threads;

namespace XtNotebooks.Kernel.Scripting;

/// <summary>The chain of compiled cells: each one sees what the earlier ones declared.</summary>
internal sealed class SubmissionChain(NotebookLoadContext loadContext, SourceReferenceResolver sources)
{
    public static IReadOnlyList<string> DefaultUsings { get; } =
    [
        "System", "System.Collections.Generic", "System.IO", "System.Linq", "System.Net.Http", "System.Text", "System.Threading",
        "System.Threading.Tasks", "XtNotebooks.Extensibility", "XtNotebooks.Kernel", "XtNotebooks.Kernel.NotebookFunctions",
    ];

    public static CSharpParseOptions ParseOptions { get; } =
        new(LanguageVersion.CSharp14, DocumentationMode.None, SourceCodeKind.Script, ["NET", "NET10_0", "NET10_0_OR_GREATER", "XTNOTEBOOKS"]);

    /// <summary>One array serves all submissions: each stores itself at its own index and finds the earlier ones there. It starts so large
    /// (its pages cost nothing until used) that it is hardly ever replaced.</summary>
    private object?[] _instances = new object?[1 << 16];

    /// <summary>One chain of the process reads references at a time, and finds what others have read of them. Two at once would each make
    /// types of their own, of which the compiler gives later cells the first: to one of the two chains "IEnumerable" of a cell and of the next
    /// would be two types.</summary>
    private static readonly Lock Reading = new();

    private readonly List<MetadataReference> _newReferences = [.. PlatformReferences.Load()];
    private readonly List<MetadataReference> _usedReferences = [];
    private readonly Lock _referencesLock = new();
    private CSharpCompilation? _previous;

    /// <summary>What continues the chain, without code yet, by its options. Compilations made of it, and the others here, share what it has found
    /// out about the references.</summary>
    private readonly Dictionary<(OptimizationLevel Level, bool AllowsUnsafe), CSharpCompilation> _blanks = [];

    /// <summary>Cells are compiled one at a time, but one that was left behind may still be at it.</summary>
    private readonly Lock _blanksLock = new();

    private int _count;
    private int _passed;
    private int _namesGivenUp;

    /// <summary>The end of the chain; null before the first submission.</summary>
    public CSharpCompilation? Last => _previous;

    /// <summary>Everything that cells may refer to; asked for also while a cell is compiled.</summary>
    public IReadOnlyList<MetadataReference> References
    {
        get
        {
            lock (_referencesLock)
                return [.. _usedReferences, .. _newReferences];
        }
    }

    /// <summary>References that the next submission adds; references and usings flow down the chain, so each is passed once only.</summary>
    public void AddReference(MetadataReference reference)
    {
        using (_referencesLock.EnterUninterrupted())
            _newReferences.Add(reference);
        ForgetBlanks();
    }

    public static SyntaxTree Parse(string code, string path, CancellationToken cancellationToken) =>
        CSharpSyntaxTree.ParseText(SourceText.From(code, Encoding.UTF8), ParseOptions, path, cancellationToken);

    /// <summary>A compilation that continues the chain without being part of it yet.</summary>
    public CSharpCompilation Compile(SyntaxTree tree)
    {
        var level = StraightCode.Is(tree, default) ? OptimizationLevel.Debug : OptimizationLevel.Release;
        return Blank(level, MayBeUnsafe(tree)).AddSyntaxTrees(tree);
    }

    /// <summary>Unsafe code is marked by attributes that the compiler looks for in every reference, so that it is only allowed where it may be.</summary>
    private static bool MayBeUnsafe(SyntaxTree tree) =>
        tree.GetRoot() is { ContainsDirectives: true } || tree.ToString() is var code
        && (code.Contains("unsafe", StringComparison.Ordinal) || code.Contains("SkipLocalsInit", StringComparison.Ordinal));

    private CSharpCompilation Blank(OptimizationLevel level, bool allowsUnsafe)
    {
        lock (_blanksLock)
        {
            if (_blanks.TryGetValue((level, allowsUnsafe), out var blank))
                return blank;
            blank = _blanks.Values.FirstOrDefault() ?? CreateBlank();
            return _blanks[(level, allowsUnsafe)] = blank.WithOptions(blank.Options.WithOptimizationLevel(level).WithAllowUnsafe(allowsUnsafe));
        }
    }

    private void ForgetBlanks()
    {
        using (_blanksLock.EnterUninterrupted())
            _blanks.Clear();
    }

    /// <summary>Leaves the next submission's name to a compilation that will not become part of the chain, but was loaded by that name: it can be
    /// loaded by it once only.</summary>
    public void GiveNameUp()
    {
        using (_blanksLock.EnterUninterrupted())
        {
            _namesGivenUp++;
            _blanks.Clear();
        }
    }

    /// <summary>Other code in the place of a compilation, whether that has become part of the chain or not.</summary>
    public static CSharpCompilation CompileAgain(CSharpCompilation compilation, SyntaxTree tree) => compilation.RemoveAllSyntaxTrees().AddSyntaxTrees(tree);

    private CSharpCompilation CreateBlank()
    {
        var blank = CSharpCompilation.CreateScriptCompilation(
            $"Cell#{_count + _namesGivenUp}",
            syntaxTree: null,
            _newReferences,
            new CSharpCompilationOptions(
                OutputKind.DynamicallyLinkedLibrary,
                scriptClassName: $"Submission#{_count}",
                usings: _previous is null ? DefaultUsings : null,
                concurrentBuild: false,
                sourceReferenceResolver: sources,
                assemblyIdentityComparer: DesktopAssemblyIdentityComparer.Default,
                nullableContextOptions: NullableContextOptions.Annotations,
                specificDiagnosticOptions: SilencedDiagnostics),
            _previous);
        // Here the references are read.
        lock (Reading)
            _ = blank.Assembly;
        return blank;
    }

    /// <summary>Emits and appends in one.</summary>
    /// <returns>The submission, or the diagnostics that kept it from being emitted.</returns>
    public (Submission? Submission, IReadOnlyList<Diagnostic> Diagnostics) Append(CSharpCompilation compilation, CancellationToken cancellationToken)
    {
        var (emitted, diagnostics) = Emit(compilation, cancellationToken);
        return (emitted is null ? null : Append(emitted), diagnostics);
    }

    /// <summary>Emits and loads a compilation, which is no part of the chain yet.</summary>
    /// <returns>What can be appended, or the diagnostics that kept it from being emitted.</returns>
    public (Emitted? Emitted, IReadOnlyList<Diagnostic> Diagnostics) Emit(CSharpCompilation compilation, CancellationToken cancellationToken)
    {
        var passes = _newReferences.Count == 0 && SubmissionTraces.LeavesNone(compilation, cancellationToken);
        using var assembly = new MemoryStream();
        using var symbols = new MemoryStream();
        var options = new EmitOptions(
            debugInformationFormat: DebugInformationFormat.PortablePdb,
            // The name that the compilation has is for the one that will be found in its place.
            outputNameOverride: passes ? $"{compilation.AssemblyName}-{Interlocked.Increment(ref _passed)}.dll" : null);
        var result = compilation.Emit(assembly, symbols, options: options, cancellationToken: cancellationToken);
        if (!result.Success && result.Diagnostics.Any(diagnostic => diagnostic.Severity == DiagnosticSeverity.Error))
            return (null, result.Diagnostics);
        // One that was left behind has no name of its own to be loaded by.
        cancellationToken.ThrowIfCancellationRequested();
        // Using directives alone count, though there is nothing to emit.
        var submission = result.Success && compilation.GetEntryPoint(cancellationToken) is { } entry ? Load(entry, assembly, symbols, passes) : Submission.Empty;
        return (new Emitted(submission, compilation, passes), result.Diagnostics);
    }

    /// <summary>Makes what was emitted the end of the chain, unless it declares nothing that later code could name: such cells, the most
    /// frequent, pass without costing later ones anything. It must run then: until it does, its variables are empty, and hide earlier ones of
    /// their names.</summary>
    public Submission Append(Emitted emitted)
    {
        if (emitted.Passes)
            return emitted.Submission;
        if (_count + 3 > _instances.Length)
            Array.Resize(ref _instances, _instances.Length * 2);
        using (_referencesLock.EnterUninterrupted())
        {
            _usedReferences.AddRange(_newReferences);
            _newReferences.Clear();
        }
        _previous = emitted.Compilation;
        _count++;
        ForgetBlanks();
        return emitted.Submission;
    }

    private Submission Load(IMethodSymbol entry, MemoryStream assembly, MemoryStream symbols, bool passes)
    {
        assembly.Position = 0;
        symbols.Position = 0;
        var type = loadContext.LoadSubmission(assembly, symbols).GetType(entry.ContainingType.MetadataName, throwOnError: true)!;
        var run = type.GetMethod(entry.MetadataName, BindingFlags.Static | BindingFlags.Public | BindingFlags.NonPublic)!
            .CreateDelegate<Func<object?[], Task<object?>>>();
        var places = _count + 2;
        return passes
            // Its place among the instances is the next one's.
            ? new Submission(type, () => run(_instances[..places]), () => null)
            : new Submission(type, () => run(_instances), () => Array.Find(_instances, item => item?.GetType() == type));
    }

    private static readonly IEnumerable<KeyValuePair<string, ReportDiagnostic>> SilencedDiagnostics =
        // Assembly version unification, which a notebook can do nothing about.
        new[] { "CS1701", "CS1702", "CS1705", "CS8021" }.Select(id => KeyValuePair.Create(id, ReportDiagnostic.Suppress)).ToArray();
}

/// <summary>A submission that is not part of the chain yet.</summary>
/// <param name="Submission">What it runs.</param>
/// <param name="Compilation">What it was made of.</param>
/// <param name="Passes">Whether the chain needs nothing of it.</param>
internal sealed record Emitted(Submission Submission, CSharpCompilation Compilation, bool Passes);

/// <summary>A compiled cell, or a part of one, ready to run.</summary>
/// <param name="Type">The class whose fields are the variables that the code declares.</param>
/// <param name="Run">Runs it; the value is the trailing expression's.</param>
/// <param name="FindInstance">The object that holds the variables; null until the submission has started.</param>
internal sealed record Submission(Type Type, Func<Task<object?>> Run, Func<object?> FindInstance)
{
    /// <summary>Code that does nothing by itself: using directives, comments.</summary>
    public static Submission Empty { get; } = new(typeof(object), () => Task.FromResult<object?>(null), () => null);
}
