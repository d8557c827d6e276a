using System.Globalization;
using System.Text.RegularExpressions;
using XtNotebooks.Kernel.Scripting;

namespace XtNotebooks.Kernel.Crashes;

/// <summary>Why the process that ran the cells ended, in the reader's terms.</summary>
internal static partial class CauseOfDeath
{
    private const int MostFrames = 20;

    /// <summary>The error of the cell that ran.</summary>
    /// <param name="exitCode">The exit code; 128 and the signal's number where a signal ended the process.</param>
    /// <param name="lastWords">The end of what the process wrote to its errors.</param>
    /// <param name="outOfMemory">Whether the system ended processes meanwhile because memory ran out.</param>
    public static CellError Of(int exitCode, string lastWords, bool outOfMemory)
    {
        var frames = Frames(lastWords);
        var through = frames.Count > 0 ? $" through {frames[0]}" : "";
        if (lastWords.StartsWith("Stack overflow.", StringComparison.Ordinal))
            return Error("StackOverflow",
                $"The stack overflowed, most likely by endless recursion{through}; .NET cannot go on after that.", frames);
        if (lastWords.StartsWith("Out of memory.", StringComparison.Ordinal))
            return Error("OutOfMemory", "Memory ran out where .NET itself needed some; hold less at a time.", frames);
        if (exitCode == 128 + 9)
        {
            return outOfMemory
                ? Error("OutOfMemory", "Memory ran out, and the system ended the process (signal 9); hold less at a time.", [])
                : Error("Killed", "The process was killed from outside (signal 9), by a memory limit or by hand.", []);
        }
        if (lastWords.StartsWith("Process terminated.", StringComparison.Ordinal))
            return Error("ProcessTerminated", $"Environment.FailFast ended the process{Said(lastWords, "Process terminated.")}.", frames);
        if (lastWords.StartsWith("Unhandled exception.", StringComparison.Ordinal))
            return Error("UnhandledException",
                $"An exception that nobody caught ended the process{Said(lastWords, "Unhandled exception.")}.", frames);
        if (lastWords.StartsWith("Fatal error.", StringComparison.Ordinal))
            return Error("ProcessDied", $"The runtime could not go on{Said(lastWords, "Fatal error.")}.", frames);
        if (exitCode is > 128 and < 160 && SignalName(exitCode - 128) is var (name, meaning))
            return Error("ProcessDied", $"The process died of signal {exitCode - 128} ({name}): {meaning}.", frames);
        var exit = exitCode.ToString(CultureInfo.InvariantCulture);
        return Error("ProcessExited", $"The cell ended the process with exit code {exit}, as Environment.Exit does.", []);
    }

    private static CellError Error(string name, string message, IReadOnlyList<string> frames)
    {
        message += " Variables are lost.";
        return new CellError(name, message, [message, .. frames.Take(MostFrames).Select(frame => "   at " + frame)], null);
    }

    private static (string Name, string Meaning) SignalName(int signal) => signal switch
    {
        1 => ("SIGHUP", "its terminal or session has gone"),
        2 => ("SIGINT", "somebody interrupted it before it could listen"),
        3 => ("SIGQUIT", "somebody asked it to quit"),
        4 => ("SIGILL", "native code ran an instruction that this processor does not have"),
        6 => ("SIGABRT", "the runtime or a native library gave up"),
        7 => ("SIGBUS", "native code touched memory that is not there, or a disk is full"),
        8 => ("SIGFPE", "native code divided by zero"),
        11 => ("SIGSEGV", "native or unsafe code touched memory that is not its own"),
        15 => ("SIGTERM", "somebody asked it to end"),
        _ => ("a signal", "something outside ended it"),
    };

    /// <summary>What follows the runtime's first words, on their line or the next.</summary>
    private static string Said(string lastWords, string first)
    {
        var text = lastWords[first.Length..].TrimStart().Split('\n', 2)[0].Trim().TrimEnd('.');
        if (text.StartsWith("at ", StringComparison.Ordinal))
            text = "";
        return text.Length == 0 ? "" : $": {text}";
    }

    /// <summary>The reader's own frames, each once, named as they wrote them.</summary>
    private static List<string> Frames(string lastWords) =>
    [
        .. Frame().Matches(lastWords).Select(match => match.Groups["frame"].Value)
            .TakeWhile(frame => !frame.Contains("MoveNext()", StringComparison.Ordinal)
                && !frame.StartsWith("XtNotebooks.Kernel.", StringComparison.Ordinal))
            .Select(Readable).Distinct(),
    ];

    private static string Readable(string frame)
    {
        frame = TypeArguments().Replace(Submission().Replace(frame, ""), "");
        frame = Constructor().Replace(frame, "new ${type}(");
        frame = TypeInitializer().Replace(frame, "the static initializer of ${type}(");
        return frame;
    }

    [GeneratedRegex(@"^\s+at (?<frame>.+?)\s*$", RegexOptions.Multiline | RegexOptions.ExplicitCapture)]
    private static partial Regex Frame();

    /// <summary>As the runtime writes them, each with its assembly, and their number.</summary>
    [GeneratedRegex(@"`\d+|\[\[.*?\]\]")]
    private static partial Regex TypeArguments();

    [GeneratedRegex(@"Submission#\d+[+.]")]
    private static partial Regex Submission();

    [GeneratedRegex(@"(?<type>[\w+`]+)\.\.ctor\(", RegexOptions.ExplicitCapture)]
    private static partial Regex Constructor();

    [GeneratedRegex(@"(?<type>[\w+`]+)\.\.cctor\(", RegexOptions.ExplicitCapture)]
    private static partial Regex TypeInitializer();
}
