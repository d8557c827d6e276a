using System.Globalization;
using System.Net.Sockets;
using System.Text.Json.Nodes;
using XtNotebooks.Kernel.Cli;
using XtNotebooks.Kernel.Jupyter;
using XtNotebooks.Kernel.Scripting;

namespace XtNotebooks.Kernel.Crashes;

/// <summary>Tells the front ends why their kernel is no more, and the log.</summary>
internal static class CrashedKernel
{
    /// <summary>Answers what the kernel had taken and not finished: the running cells with the cause.</summary>
    /// <param name="journal">What <see cref="OpenRequests"/> wrote.</param>
    /// <param name="output">What the kernel's cells had shown and it had not sent.</param>
    /// <param name="cause">Why it died.</param>
    /// <param name="exitCode">Its process's exit code.</param>
    /// <returns>The dead process's exit code, or 1 where it had none that says failure.</returns>
    public static int Tell(IReadOnlyList<JsonObject> journal, LastOutput output, CellError cause, int exitCode)
    {
        var open = OpenRequest.Read(journal);
        var numbers = open.Cells.Select(cell => cell.ExecutionCount!.Value).Order().Select(number => number.ToString(CultureInfo.InvariantCulture)).ToList();
        var where = numbers.Count == 0 ? "between two cells" : $"in cell {string.Join(" and ", numbers)}";
        cause = cause with
        {
            Message = $"{cause.Message} The kernel has ended; {LastWords.Restart}",
        };
        Console.Error.WriteLine($"xt-notebooks: the kernel ended {where}. {cause.Message}");
        try
        {
            if (open.ConnectionFile is { } file)
            {
                var connection = ConnectionInfo.Read(file, allowRemote: true, allowUnsigned: true);
                using var words = new LastWords(connection, open.Count, where);
                words.Say(open, output, cause);
            }
        }
        catch (Exception error) when (error is CommandException or SocketException)
        {
            Console.Error.WriteLine($"xt-notebooks: the front end could not be told: {error.Message}");
        }
        return exitCode == 0 ? ExitCode.CellFailed : exitCode;
    }
}
