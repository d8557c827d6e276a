using System.Runtime.CompilerServices;
using Microsoft.CodeAnalysis.CSharp.Scripting;
using Microsoft.CodeAnalysis.Scripting;
using Microsoft.CodeAnalysis.Scripting.Hosting;
using Microsoft.DotNet.Interactive;
using Microsoft.DotNet.Interactive.Commands;
using Microsoft.DotNet.Interactive.CSharp;
using Microsoft.DotNet.Interactive.Formatting;
using TorchSharp;
using XtNotebooks.Extensibility;
using XtNotebooks.Transformers;

namespace XtNotebooks.Tests.DotNetInteractive;

/// <summary>A C# session that compiles cells as .NET Interactive does, with the package's extension.dib run in it.</summary>
internal sealed class InteractiveSession
{
    private static readonly System.Reflection.Assembly[] Referenced =
    [
        typeof(Kernel).Assembly, typeof(ScriptState).Assembly, typeof(XtNotebooksExtension).Assembly, typeof(TransformerWrapper).Assembly,
        typeof(INotebook).Assembly, typeof(torch).Assembly,
    ];

    private readonly ScriptOptions options = ScriptOptions.Default
        .AddImports("System", "System.Text", "System.Collections", "System.Collections.Generic", "System.Threading.Tasks", "System.Linq")
        .AddReferences(typeof(Enumerable).Assembly)
        .AddReferences(Referenced);

    private InteractiveSession() => Csharp = new CSharpKernel(RunAsync);

    public CSharpKernel Csharp { get; }

    /// <summary>What the extension showed while it was loaded.</summary>
    public KernelInvocationContext Loading { get; private set; } = null!;

    public ScriptState State => Csharp.ScriptState!;

    /// <remarks>The doubles' static state belongs to the calling test, so it is set here, before anything is awaited.</remarks>
    public static Task<InteractiveSession> LoadAsync()
    {
        Kernel.Root = new Kernel();
        Formatter.Reset();
        var session = new InteractiveSession();
        session.Loading = KernelInvocationContext.Current = new KernelInvocationContext { HandlingKernel = session.Csharp };
        return session.LoadAgainAsync();
    }

    public async Task<InteractiveSession> LoadAgainAsync()
    {
        foreach (var cell in Cells(await File.ReadAllTextAsync(ScriptPath())))
            await RunAsync(cell);
        return this;
    }

    /// <summary>Runs a C# cell.</summary>
    public async Task RunAsync(string code)
    {
        Csharp.ScriptState = Csharp.ScriptState is { } state
            ? await state.ContinueWithAsync(code, options)
            : await CSharpScript.Create(code, options, assemblyLoader: Loader()).RunAsync();
    }

    /// <summary>Runs a cell of one magic, after the checks that the host makes of its parameters.</summary>
    public static async Task<KernelInvocationContext> CallAsync(string line, KernelInvocationContext context)
    {
        var name = line.Split(' ')[0];
        var directive = Kernel.Root.KernelInfo.SupportedDirectives.Single(directive => directive.Name == name);
        Assert.All(line.Split(' ').Where(word => word.StartsWith("--", StringComparison.Ordinal)),
            word => Assert.Contains(directive.Parameters, parameter => parameter.Name == word));
        KernelInvocationContext.Current = context;
        await Kernel.Root.Handlers[name](new DirectiveCommand(line), context);
        return context;
    }

    public Task<KernelInvocationContext> CallAsync(string line) => CallAsync(line, new KernelInvocationContext { HandlingKernel = Csharp });

    public object? Value(string name) => State.Variables.Last(variable => variable.Name == name).Value;

    public static IReadOnlyList<string> Cells(string script)
    {
        Assert.StartsWith("#!csharp", script, StringComparison.Ordinal);
        return script.Split("#!csharp\n", StringSplitOptions.RemoveEmptyEntries);
    }

    /// <summary>Makes scripts use the test's own copies, so that its types are theirs.</summary>
    private static InteractiveAssemblyLoader Loader()
    {
        var loader = new InteractiveAssemblyLoader();
        foreach (var assembly in Referenced)
            loader.RegisterDependency(assembly);
        return loader;
    }

    private static string ScriptPath([CallerFilePath] string here = "") =>
        Path.GetFullPath(Path.Combine(Path.GetDirectoryName(here)!, "../../../src/XtNotebooks/extension.dib"));
}
