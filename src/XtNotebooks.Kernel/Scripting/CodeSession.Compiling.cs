using Microsoft.CodeAnalysis;
using Microsoft.CodeAnalysis.CSharp;
using XtNotebooks.Kernel.Threads;

namespace XtNotebooks.Kernel.Scripting;

internal sealed partial class CodeSession
{
    private readonly CompilerTurns _compiling = new();
    private readonly CellWarnings _warnings = new();

    private async Task<object?> RunCodeForValueAsync(CellContext cell, string code)
    {
        Submission submission;
        cell.IsCompiling = true;
        try
        {
            using var relief = PoolRelief.IfNeeded(Options.TimeProvider);
            code = await AddReferencesAsync(cell, code);
            if (string.IsNullOrWhiteSpace(code))
                return null;
            using var turn = _compiling.Enter(cell);
            submission = Compile(code, PathOf(cell.Request), cell.Output, turn, cell.CancellationToken);
        }
        finally
        {
            cell.IsCompiling = false;
        }
        return await submission.Run();
    }

    private Submission Compile(string code, string path, ICellOutput output, CompilerTurns.Turn turn, CancellationToken cancellationToken)
    {
        var usings = CellUsings.Read(code);
        var parsed = SubmissionChain.Parse(usings.Code, path, cancellationToken);
        var written = AwaitedParentheses.Read(parsed, () => _chain.Compile(parsed), cancellationToken);
        var guarded = InterruptRewriter.Rewrite(written, () => _chain.Compile(written), cancellationToken, usings.Positions);
        var compilation = _chain.Compile(guarded);
        var (emitted, diagnostics) = _chain.Emit(compilation, cancellationToken);
        try
        {
            if (diagnostics.Any(diagnostic => diagnostic.Severity >= DiagnosticSeverity.Warning)
                || InterruptRewriter.HidesWarnings(written, cancellationToken))
            {
                // Positions are the reader's only in the code as written.
                var asWritten = SubmissionChain.CompileAgain(compilation, written);
                diagnostics = ScriptSources.AsWritten(() => asWritten.GetDiagnostics(cancellationToken));
                if (emitted is null && diagnostics.All(diagnostic => diagnostic.Severity != DiagnosticSeverity.Error))
                    (emitted, diagnostics) = EmitWithLess(compilation, written, asWritten, usings, cancellationToken);
                if (emitted is null)
                    throw new CompilationFailedException(CellErrors.FromDiagnostics(diagnostics, path));
                _warnings.Show(diagnostics, output);
            }
            return turn.Keep(() =>
            {
                // A compilation that was too slow to be interrupted must not run its code afterwards.
                cancellationToken.ThrowIfCancellationRequested();
                // Nothing from here to the submission's start may fail: one that never runs would hide earlier variables behind empty ones.
                var submission = _chain.Append(emitted!);
                if (!emitted!.Passes)
                    Variables.Add(submission);
                return submission;
            });
        }
        catch when (emitted is not null)
        {
            _chain.GiveNameUp();
            throw;
        }
    }

    /// <summary>Code that compiles as it is, but not with all the checks.</summary>
    private (Emitted? Emitted, IReadOnlyList<Diagnostic> Diagnostics) EmitWithLess(
        CSharpCompilation compilation, SyntaxTree written, CSharpCompilation asWritten, CellUsings usings, CancellationToken cancellationToken)
    {
        var least = InterruptRewriter.Rewrite(written, () => _chain.Compile(written), cancellationToken, usings.Positions, least: true);
        var (emitted, diagnostics) = _chain.Emit(SubmissionChain.CompileAgain(compilation, least), cancellationToken);
        return emitted is null ? ScriptSources.AsWritten(() => _chain.Emit(asWritten, cancellationToken)) : (emitted, diagnostics);
    }

    /// <summary>Ends a cell with errors that were put in words already.</summary>
    private sealed class CompilationFailedException(CellError error) : Exception(error.Message)
    {
        public CellError Error { get; } = error;
    }
}
