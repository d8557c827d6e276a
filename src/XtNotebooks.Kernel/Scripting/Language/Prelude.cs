using System.Text;
using System.Text.RegularExpressions;
using Microsoft.CodeAnalysis;
using Microsoft.CodeAnalysis.CSharp;
using Microsoft.CodeAnalysis.CSharp.Syntax;

namespace XtNotebooks.Kernel.Scripting.Language;

/// <summary>What all cells so far have declared, as one script: the latest variable, function and type of each name, without what they do.
/// It keeps the cost of completion independent of how many cells have run.</summary>
internal sealed partial class Prelude
{
    private static readonly SymbolDisplayFormat TypeFormat = SymbolDisplayFormat.FullyQualifiedFormat
        .AddMiscellaneousOptions(SymbolDisplayMiscellaneousOptions.IncludeNullableReferenceTypeModifier);

    private readonly Dictionary<string, string> _declarations = [];
    private readonly List<string> _usings = [];
    private CSharpCompilation? _last;

    /// <summary>Takes in what has been compiled since the last call.</summary>
    /// <returns>Whether anything has.</returns>
    public bool Update(CSharpCompilation? last)
    {
        if (last is null || last == _last)
            return false;
        var added = new Stack<CSharpCompilation>();
        for (var current = last; current is not null && current != _last; current = current.ScriptCompilationInfo?.PreviousScriptCompilation)
            added.Push(current);
        foreach (var compilation in added)
            Add(compilation);
        _last = last;
        return true;
    }

    public override string ToString()
    {
        var text = new StringBuilder();
        foreach (var directive in _usings)
            text.Append(directive).Append('\n');
        foreach (var declaration in _declarations.Values)
            text.Append(declaration).Append('\n');
        return text.ToString();
    }

    private void Add(CSharpCompilation compilation)
    {
        foreach (var tree in compilation.SyntaxTrees)
        {
            foreach (var directive in ((CompilationUnitSyntax)tree.GetRoot()).Usings.Select(node => node.ToString()))
            {
                if (!_usings.Contains(directive))
                    _usings.Add(directive);
            }
        }
        if (compilation.ScriptClass is not { } script)
            return;
        foreach (var group in script.GetMembers().Where(member => !member.IsImplicitlyDeclared && member.CanBeReferencedByName).GroupBy(member => member.Name))
        {
            var declarations = group.Select(Declare).OfType<string>().ToList();
            if (declarations.Count > 0)
                _declarations[group.Key] = string.Join('\n', declarations);
        }
    }

    private static string? Declare(ISymbol member) => member switch
    {
        IFieldSymbol field => Variable(field),
        IMethodSymbol { MethodKind: MethodKind.Ordinary } method => method.DeclaringSyntaxReferences.FirstOrDefault()?.GetSyntax() is MethodDeclarationSyntax syntax
            ? WithoutBody(syntax)
            : null,
        INamedTypeSymbol type => string.Join('\n', type.DeclaringSyntaxReferences.Select(reference => reference.GetSyntax().ToFullString())),
        IPropertySymbol property => property.DeclaringSyntaxReferences.FirstOrDefault()?.GetSyntax().ToFullString(),
        _ => null,
    };

    private static string Variable(IFieldSymbol field)
    {
        var name = SyntaxFacts.GetKeywordKind(field.Name) == SyntaxKind.None ? field.Name : "@" + field.Name;
        if (field.Type is INamedTypeSymbol { IsAnonymousType: true } anonymous)
            return $"var {name} = {Anonymous(anonymous)};";
        var type = TypeName(field.Type);
        // A list of anonymous objects has no name that code could write.
        return type.Contains('<', StringComparison.Ordinal) && type.Contains("anonymous type", StringComparison.Ordinal)
            ? $"object {name} = default!;"
            : $"{type} {name} = default!;";
    }

    private static string Anonymous(INamedTypeSymbol type) => "new { " + string.Join(", ", type.GetMembers().OfType<IPropertySymbol>().Select(property =>
        $"{property.Name} = " + (property.Type is INamedTypeSymbol { IsAnonymousType: true } inner ? Anonymous(inner) : $"default({TypeName(property.Type)})!"))) + " }";

    private static string WithoutBody(MethodDeclarationSyntax method) =>
        method.WithBody(null)
            .WithModifiers(SyntaxFactory.TokenList(method.Modifiers.Where(modifier => !modifier.IsKind(SyntaxKind.AsyncKeyword))))
            .WithExpressionBody(SyntaxFactory.ArrowExpressionClause(SyntaxFactory.ParseExpression("throw null!")))
            .WithSemicolonToken(SyntaxFactory.Token(SyntaxKind.SemicolonToken))
            .ToFullString();

    private static string TypeName(ITypeSymbol type) => SubmissionClass().Replace(type.ToDisplayString(TypeFormat), "");

    [GeneratedRegex(@"(global::)?Submission#\d+\.")]
    private static partial Regex SubmissionClass();
}
