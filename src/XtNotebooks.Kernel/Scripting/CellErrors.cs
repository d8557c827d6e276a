using System.Diagnostics;
using System.Reflection;
using System.Text.RegularExpressions;
using Microsoft.CodeAnalysis;

namespace XtNotebooks.Kernel.Scripting;

/// <summary>Errors in the reader's terms: cell, line, the line itself and a caret; the reader's own frames and no others.</summary>
internal static partial class CellErrors
{
    private const int MostFrames = 20;
    private const int MostCauses = 8;
    private const int MostDiagnostics = 10;
    private const int LongestLine = 200;
    private const int LongestMessage = 2000;

    /// <summary>Compile errors, the first one as the message.</summary>
    public static CellError FromDiagnostics(IEnumerable<Diagnostic> diagnostics, string cell)
    {
        var errors = diagnostics.Where(diagnostic => diagnostic.Severity == DiagnosticSeverity.Error)
            .OrderBy(error => error.Location.SourceSpan.Start)
            .DistinctBy(error => (error.Id, error.Location.SourceSpan))
            .ToList();
        var first = errors[0];
        var traceback = errors.Take(MostDiagnostics).SelectMany(error => Describe(error, "error")).ToList();
        if (errors.Count > MostDiagnostics)
            traceback.Add($"… and {errors.Count - MostDiagnostics} more errors");
        var line = first.Location.IsInSource && first.Location.GetLineSpan().Path == cell ? LineOf(first) : (int?)null;
        return new CellError("CompilationError", $"{Where(first)}{first.Id}: {MessageOf(first)}", traceback, line);
    }

    /// <summary>Code that is nested too deep to be compiled.</summary>
    public static CellError TooDeep(string cell, int line)
    {
        var message = $"{cell}, line {line}: the code is nested too deep to be compiled; break it into parts.";
        return new CellError("CompilationError", message, [message], line);
    }

    /// <summary>A warning, briefly.</summary>
    public static string FromWarning(Diagnostic warning) => $"{Where(warning)}warning {warning.Id}: {MessageOf(warning)}\n";

    /// <summary>What a cell threw.</summary>
    /// <param name="exception">The exception, with its stack.</param>
    /// <param name="cell">The cell's path in stack traces, "Cell 3".</param>
    /// <param name="lineOf">The text of a line of any cell, from 1.</param>
    /// <param name="at">Where it happened, if the exception does not tell.</param>
    public static CellError FromException(Exception exception, string cell, Func<string, int, string?> lineOf, StackTrace? at = null)
    {
        exception = Unwrap(exception);
        var traceback = new List<string>();
        int? line = null;
        var chain = new List<Exception>();
        for (var current = exception; current is not null; current = current.InnerException)
            chain.Add(current);
        var leftOut = Math.Max(0, chain.Count - MostCauses);
        // Where every level of a recursion has wrapped what it caught, the outermost ones and the first cause tell it all.
        foreach (var current in chain.Take(MostCauses - 1).Concat(chain.Skip(MostCauses - 1 + leftOut)))
        {
            if (leftOut > 0 && current == chain[^1])
                traceback.Add($"… and {leftOut} more between this and the first cause");
            var cause = current == exception ? "" : "caused by ";
            traceback.Add($"{cause}{NameOf(current)}: {MessageOf(current)}");
            foreach (var frame in UserFrames(at ?? FirstFrames.Of(current)).Take(MostFrames))
            {
                var file = frame.GetFileName()!;
                traceback.Add($"   at {Demangle(frame.GetMethod())} in {file}, line {frame.GetFileLineNumber()}");
                if (lineOf(file, frame.GetFileLineNumber()) is { } text)
                    traceback.Add($"      {Shorten(text.Trim())}");
                if (file == cell)
                    line ??= frame.GetFileLineNumber();
            }
        }
        return new CellError(NameOf(exception), FirstLine(MessageOf(exception)), traceback, line);
    }

    /// <summary>An exception that nobody caught on a thread or in an async void method of the cell.</summary>
    public static void ReportUnhandled(Exception exception, CellContext cell)
    {
        if (cell.CancellationToken.IsCancellationRequested)
            return;
        ReportUnhandled(cell.Session.Describe(exception, cell.Request), cell);
    }

    /// <summary>An error of what the cell has left running.</summary>
    public static void ReportUnhandled(CellError error, CellContext cell) =>
        cell.Output.Stream(StreamName.Stderr, "Unhandled in the background: " + string.Join('\n', error.Traceback) + "\n");

    /// <summary>Whether code of the notebook threw it, or was on the way.</summary>
    public static bool IsOfCells(Exception exception)
    {
        for (var current = exception; current is not null; current = current.InnerException)
        {
            if (UserFrames(FirstFrames.Of(current)).Any())
                return true;
        }
        return false;
    }

    public static string FirstLine(string text) => text.Split('\n', 2)[0].TrimEnd('\r');

    private static Exception Unwrap(Exception exception) => exception switch
    {
        TargetInvocationException { InnerException: { } inner } => Unwrap(inner),
        AggregateException { InnerExceptions: [var only] } => Unwrap(only),
        _ => exception,
    };

    /// <summary>What it says; an exception of the notebook's own may fail at that too.</summary>
    private static string MessageOf(Exception exception)
    {
        try
        {
            return exception.Message ?? "";
        }
        catch (Exception failed)
        {
            return $"(its Message failed with {failed.GetType().Name})";
        }
    }

    private static string NameOf(Exception exception) => WithoutSubmission(exception.GetType().FullName ?? exception.GetType().Name).Replace('+', '.');

    private static IEnumerable<StackFrame> UserFrames(StackTrace trace) =>
        trace.GetFrames().Where(frame => frame.GetFileLineNumber() > 0 && IsCellCode(frame.GetMethod()));

    private static bool IsCellCode(MethodBase? method) =>
        method?.Module.Assembly.GetName().Name?.StartsWith("Cell#", StringComparison.Ordinal) == true;

    /// <summary>The name as the reader wrote it, from what the compiler made of it.</summary>
    private static string Demangle(MethodBase? method)
    {
        if (method is null)
            return "?";
        var name = method.Name;
        var type = method.DeclaringType;
        if (name == "MoveNext" && type is { IsNested: true } && type.Name.StartsWith('<'))
            (name, type) = (type.Name, type.DeclaringType);
        if (name.Contains("b__", StringComparison.Ordinal))
            return "lambda";
        var local = LocalFunction().Match(name);
        if (local.Success)
            return local.Groups[1].Value + "(…)";
        if (name.Contains("<Initialize>", StringComparison.Ordinal) || name is "<Main>" or "<Factory>")
            return "the cell";
        var owner = type is null || type.Name.StartsWith("Submission#", StringComparison.Ordinal) ? "" : type.Name + ".";
        var stateMachine = StateMachine().Match(name);
        if (stateMachine.Success)
            return $"{owner}{stateMachine.Groups[1].Value}(…)";
        return $"{owner}{name}({string.Join(", ", method.GetParameters().Select(parameter => parameter.ParameterType.Name + " " + parameter.Name))})";
    }

    private static IEnumerable<string> Describe(Diagnostic diagnostic, string severity)
    {
        yield return $"{Where(diagnostic)}{severity} {diagnostic.Id}: {MessageOf(diagnostic)}";
        if (!diagnostic.Location.IsInSource)
            yield break;
        var span = diagnostic.Location.GetLineSpan();
        var text = diagnostic.Location.SourceTree!.GetText().Lines[span.StartLinePosition.Line].ToString();
        var column = span.StartLinePosition.Character;
        // A long line is shown around the caret.
        var from = column > LongestLine / 2 ? column - LongestLine / 2 : 0;
        var shown = text[Math.Min(from, text.Length)..Math.Min(text.Length, from + LongestLine)].Replace('\t', ' ');
        var length = span.EndLinePosition.Line == span.StartLinePosition.Line
            ? span.EndLinePosition.Character - column
            : text.Length - column;
        length = Math.Clamp(length, 1, Math.Max(1, shown.Length - (column - from)));
        yield return "    " + shown;
        yield return "    " + new string(' ', column - from) + new string('^', length);
    }

    /// <summary>A message that quotes a name of megabytes is cut.</summary>
    private static string MessageOf(Diagnostic diagnostic) => diagnostic.Id switch
    {
        // The compiler's own sentence asks for what no cell can do: a script's classes are all nested.
        "CS9283" => "A cell cannot declare an extension block; write the method at the top of the cell, as 'static int Twice(this string text) => …', "
            + "or reference a library that declares the block.",
        "CS1109" => "A cell's classes are nested ones, which cannot hold extension methods; write the method at the top of the cell, as 'static int Twice(this string text) => …'.",
        "CS8345" => $"{Written(diagnostic)} Between braces, {{ … }}, it is a local variable and can be of that type.",
        "CS0201" => $"{Written(diagnostic)} Without its semicolon, at the end of the cell, a value is shown.",
        _ => Written(diagnostic),
    };

    /// <summary>The compiler's sentence without the class that it makes of a cell.</summary>
    private static string Written(Diagnostic diagnostic)
    {
        var message = diagnostic.GetMessage();
        if (message.Length > LongestMessage)
            message = message[..LongestMessage] + "…";
        return WithoutSubmission(SubmissionType().Replace(message, "The cell"));
    }

    private static string WithoutSubmission(string text) => SubmissionName().Replace(text, "");

    private static string Where(Diagnostic diagnostic) =>
        diagnostic.Location.IsInSource ? $"{diagnostic.Location.GetLineSpan().Path}, line {LineOf(diagnostic)}: " : "";

    private static int LineOf(Diagnostic diagnostic) => diagnostic.Location.GetLineSpan().StartLinePosition.Line + 1;

    private static string Shorten(string line) => line.Length <= LongestLine ? line : line[..LongestLine] + "…";

    [GeneratedRegex(@"The type 'Submission#\d+'")]
    private static partial Regex SubmissionType();

    [GeneratedRegex(@"Submission#\d+[.+]")]
    private static partial Regex SubmissionName();

    [GeneratedRegex(@">g__(\w+)\|")]
    private static partial Regex LocalFunction();

    /// <summary>The class of an asynchronous method or an iterator.</summary>
    [GeneratedRegex(@"^<([\w.]+)>d__")]
    private static partial Regex StateMachine();
}
