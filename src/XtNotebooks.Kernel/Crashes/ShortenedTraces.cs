using System.Buffers;
using System.Globalization;
using System.Text;

namespace XtNotebooks.Kernel.Crashes;

/// <summary>Leaves out most of a long stack trace on its way to the log: the runtime tells every call of a stack that overflowed, tens of
/// megabytes where it finds no repetition in them.</summary>
internal sealed class ShortenedTraces
{
    private const int MostLines = 200;
    private const int MostBytes = 1 << 16;

    /// <summary>How the lines of a trace begin.</summary>
    private static readonly byte[][] Beginnings = [.. ((string[])["   at ", "Repeated ", "------"]).Select(Encoding.ASCII.GetBytes)];

    private readonly ArrayBufferWriter<byte> passed = new();

    /// <summary>What has come of a line that may still be either.</summary>
    private readonly byte[] undecided = new byte[16];
    private int undecidedLength;
    private bool isDecided;
    private bool isPassed;
    private bool isTrace;
    private int lines;
    private int bytes;
    private int leftOut;

    /// <summary>Takes the next bytes.</summary>
    /// <returns>What goes on; valid until the next call.</returns>
    public ReadOnlySpan<byte> Pass(ReadOnlySpan<byte> next)
    {
        passed.ResetWrittenCount();
        while (!next.IsEmpty)
        {
            if (!isDecided)
            {
                undecided[undecidedLength++] = next[0];
                next = next[1..];
                Decide();
                // The end of a line that ended before it could be told.
                if (isDecided && undecided[undecidedLength - 1] == (byte)'\n')
                    BeginLine();
                continue;
            }
            var end = next.IndexOf((byte)'\n');
            var part = end < 0 ? next : next[..(end + 1)];
            Put(part);
            next = next[part.Length..];
            if (end >= 0)
                BeginLine();
        }
        return passed.WrittenSpan;
    }

    /// <summary>What was held back.</summary>
    public ReadOnlySpan<byte> End()
    {
        passed.ResetWrittenCount();
        if (!isDecided)
            passed.Write(undecided.AsSpan(0, undecidedLength));
        TellLeftOut();
        return passed.WrittenSpan;
    }

    private void BeginLine() => (isDecided, undecidedLength) = (false, 0);

    private void Decide()
    {
        var start = undecided.AsSpan(0, undecidedLength);
        isTrace = false;
        foreach (var beginning in Beginnings)
        {
            if (start.SequenceEqual(beginning))
                isTrace = true;
            else if (beginning.AsSpan().StartsWith(start))
                return;
        }
        isDecided = true;
        if (isTrace)
        {
            isPassed = lines < MostLines && bytes < MostBytes;
            lines++;
            if (!isPassed)
                leftOut++;
        }
        else
        {
            TellLeftOut();
            isPassed = true;
            (lines, bytes) = (0, 0);
        }
        Put(start);
    }

    private void Put(ReadOnlySpan<byte> part)
    {
        if (isTrace)
            bytes += isPassed ? part.Length : 0;
        if (isPassed)
            passed.Write(part);
    }

    private void TellLeftOut()
    {
        if (leftOut > 0)
            passed.Write(Encoding.UTF8.GetBytes($"   … and {leftOut.ToString("N0", CultureInfo.InvariantCulture)} more lines of this trace\n"));
        leftOut = 0;
    }
}
