using System.Diagnostics.CodeAnalysis;
using System.Text;
using XtNotebooks.Kernel.Threads;

namespace XtNotebooks.Kernel.Scripting;

/// <summary>Sends what a cell's code writes to <see cref="Console"/> to that cell's output, and reads from its front end.</summary>
/// <remarks>Code that belongs to no cell keeps the process's own console, unless <see cref="GivesStraysToCells"/>.</remarks>
internal static class CellConsole
{
    private static readonly Lock Installing = new();
    private static bool s_installed;

    /// <summary>What the console puts around the reader of cells, and locks while it reads.</summary>
    private static TextReader s_synchronized = TextReader.Null;

    /// <summary>Whether the cell that began last gets what is written without any cell's context: by finalizers, and by threads that were
    /// started without it. Nobody reads the console of a process that only serves a notebook.</summary>
    public static bool GivesStraysToCells { get; set; }

    public static void Install()
    {
        lock (Installing)
        {
            if (s_installed)
                return;
            Console.SetOut(new Writer(StreamName.Stdout, Console.Out));
            Console.SetError(new Writer(StreamName.Stderr, Console.Error));
            Console.SetIn(new Reader(Console.In));
            s_synchronized = Console.In;
            s_installed = true;
        }
    }

    private sealed class Writer(StreamName stream, TextWriter original) : TextWriter
    {
        public override Encoding Encoding => Encoding.UTF8;

        public override void Write(char value) => Write(value.ToString());

        public override void Write(char[] buffer, int index, int count) => Write(new string(buffer, index, count));

        public override void Write(ReadOnlySpan<char> buffer) => Write(buffer.ToString());

        public override void Write(string? value)
        {
            if (string.IsNullOrEmpty(value))
                return;
            if ((CellContext.Current ?? (GivesStraysToCells ? CellContext.Latest : null)) is { } cell)
                cell.Output.Stream(stream, value);
            else
                original.Write(value);
        }

        public override void WriteLine() => Write(CoreNewLine);

        // One write a line, so that lines of several threads are not torn apart.
        public override void WriteLine(string? value) => Write(value + Environment.NewLine);

        public override void WriteLine(char[] buffer, int index, int count) => WriteLine(new string(buffer, index, count));

        public override void WriteLine(ReadOnlySpan<char> buffer) => WriteLine(buffer.ToString());

        public override void Flush()
        {
            if (CellContext.Current is null)
                original.Flush();
        }
    }

    private sealed class Reader(TextReader original) : TextReader
    {
        public override string? ReadLine()
        {
            if (CellContext.Current is not { } cell)
                return original.ReadLine();
            if (cell.ReadAhead.Length == 0)
                return AskUnlocked(cell);
            var end = cell.ReadAhead.IndexOf('\n', StringComparison.Ordinal);
            var line = cell.ReadAhead[..end];
            cell.ReadAhead = cell.ReadAhead[(end + 1)..];
            return line;
        }

        public override int Peek() => CellContext.Current is not { } cell ? original.Peek() : Fill(cell)[0];

        public override int Read() => CellContext.Current is not { } cell ? original.Read() : Take(cell, 1)[0];

        // Whoever reads all there is gets one answer: a front end tells no end, and would be asked for ever.
        public override string ReadToEnd() =>
            CellContext.Current is not { } cell ? original.ReadToEnd() : Take(cell, int.MaxValue);

        public override int Read(char[] buffer, int index, int count)
        {
            if (CellContext.Current is not { } cell)
                return original.Read(buffer, index, count);
            if (count == 0)
                return 0;
            var taken = Take(cell, count);
            taken.CopyTo(0, buffer, index, taken.Length);
            return taken.Length;
        }

        private static string Take(CellContext cell, int count)
        {
            var all = Fill(cell);
            var taken = all[..Math.Min(count, all.Length)];
            cell.ReadAhead = all[taken.Length..];
            return taken;
        }

        private static string Fill(CellContext cell)
        {
            if (cell.ReadAhead.Length == 0)
            {
                var line = AskUnlocked(cell);
                // Another thread of the cell may have got one meanwhile.
                cell.ReadAhead += line + "\n";
            }
            return cell.ReadAhead;
        }

        /// <summary>Until the reader has answered, other cells must be able to ask, too.</summary>
        private static string AskUnlocked(CellContext cell)
        {
            if (!Monitor.IsEntered(s_synchronized))
                return Ask(cell, "", password: false);
            Monitor.Exit(s_synchronized);
            try
            {
                return Ask(cell, "", password: false);
            }
            finally
            {
                UninterruptedLock.Enter(s_synchronized);
            }
        }
    }

    /// <summary>Asks the reader of the notebook for one line.</summary>
    /// <exception cref="InvalidOperationException">The front end cannot answer.</exception>
    [return: NotNullIfNotNull(nameof(cell))]
    public static string? Ask(CellContext cell, string prompt, bool password) =>
        (cell.Request.AllowStdin ? cell.Output.ReadLine(prompt, password, cell.CancellationToken) : null)
        ?? throw new InvalidOperationException(
            "This cell asks for input, but nobody can answer here: give the value in code, or run the notebook in a front end with input.");
}
