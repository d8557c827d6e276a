using Microsoft.CodeAnalysis;
using XtNotebooks.Extensibility;
using XtNotebooks.Kernel.Display;
using XtNotebooks.Kernel.Magics;

namespace XtNotebooks.Kernel.Scripting;

internal sealed partial class CodeSession
{
    /// <summary>Runs C# that stands below a magic; its trailing value, unformatted.</summary>
    /// <param name="cell">The cell.</param>
    /// <param name="code">The code.</param>
    /// <param name="linesBefore">How many lines of the cell stand before it.</param>
    public Task<object?> RunNestedAsync(CellContext cell, string code, int linesBefore) =>
        RunCodeForValueAsync(cell, new string('\n', linesBefore) + code);

    public void SetVariable(string name, object? value, Type type)
    {
        ArgumentNullException.ThrowIfNull(type);
        if (!Microsoft.CodeAnalysis.CSharp.SyntaxFacts.IsValidIdentifier(name))
            throw new ArgumentException($"'{name}' is no C# name: give letters, digits and underscores, not starting with a digit.", nameof(name));
        if (!type.IsVisible)
            throw new ArgumentException($"The variable {name} cannot have the type {TypeNames.Short(type)}, which is not public.", nameof(type));
        if (value is null ? type.IsValueType && Nullable.GetUnderlyingType(type) is null : !type.IsInstanceOfType(value))
            throw new ArgumentException($"The value of {name} is not a {TypeNames.Short(type)}.", nameof(value));
        var keyword = Microsoft.CodeAnalysis.CSharp.SyntaxFacts.GetKeywordKind(name) != Microsoft.CodeAnalysis.CSharp.SyntaxKind.None ? "@" : "";
        VariableTransfer.Value = value;
        Submission submission;
        using (_compiling.Enter(null))
        {
            AddReferenceTo(type);
            var code = $"{TypeNames.Qualified(type)} {keyword}{name} = ({TypeNames.Qualified(type)})global::XtNotebooks.Kernel.Scripting.VariableTransfer.Value;";
            var compilation = _chain.Compile(SubmissionChain.Parse(code, "variable " + name, default));
            (var appended, var diagnostics) = _chain.Append(compilation, default);
            submission = appended ?? throw new ArgumentException(
                $"The variable {name} cannot be declared: {diagnostics.First(diagnostic => diagnostic.Severity == DiagnosticSeverity.Error).GetMessage()}.", nameof(type));
        }
        Variables.Add(submission);
        // A declaration never waits.
        submission.Run().GetAwaiter().GetResult();
        VariableTransfer.Value = null;
    }

    private void AddReferenceTo(Type type)
    {
        foreach (var part in type.GetGenericArguments())
            AddReferenceTo(part);
        if (type.HasElementType)
            AddReferenceTo(type.GetElementType()!);
        // What is not of the platform came by a package, and is referenced already unless only another package uses it.
        if (System.Runtime.Loader.AssemblyLoadContext.GetLoadContext(type.Assembly) == LoadContext && type.Assembly.Location is { Length: > 0 } location)
            Reference(location);
    }

    private async Task RunMagicAsync(CellContext cell, string text, int lineNumber, string body)
    {
        cell.MagicLine = lineNumber;
        var magic = Magics.Require(MagicLine.NameOf(text));
        cell.StopsWithin = magic.StopsWithin;
        try
        {
            await magic.RunAsync(text, body, Notebook, cell.CancellationToken);
        }
        finally
        {
            cell.StopsWithin = null;
        }
    }
}
