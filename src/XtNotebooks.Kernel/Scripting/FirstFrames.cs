using System.Diagnostics;
using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;

namespace XtNotebooks.Kernel.Scripting;

/// <summary>The frames of an exception that are next to where it was thrown, with their files and lines.</summary>
/// <remarks>The runtime tells all frames or none, and endless recursion may be a million calls deep: with lines these take half a minute. So it is
/// asked about a copy of the beginning of what it has noted. Where that is not laid out as .NET 10 does it, all frames are told.</remarks>
internal static class FirstFrames
{
    /// <summary>How many at most.</summary>
    public const int Most = 1_000;

    /// <summary>The number of frames, that of objects they keep alive, the thread that notes them.</summary>
    private const int HeaderBytes = 16;

    /// <summary>Two addresses, the method, flags.</summary>
    private const int FrameBytes = 32;

    public static StackTrace Of(Exception exception)
    {
        var trace = new StackTrace(Shortened(exception) ?? exception, fNeedFileInfo: true);
        // It holds what the frames' methods belong to.
        GC.KeepAlive(exception);
        return trace;
    }

    private static InsufficientExecutionStackException? Shortened(Exception exception)
    {
        if (Environment.Version.Major != 10 || IntPtr.Size != 8)
            return null;
        try
        {
            // Either the frames themselves, or an array of them and of objects that they keep alive.
            var noted = Noted(exception);
            if ((noted is object?[] { Length: > 0 } parts ? parts[0] : noted) is not sbyte[] frames || frames.Length < HeaderBytes)
                return null;
            var count = MemoryMarshal.Read<int>(MemoryMarshal.AsBytes(frames.AsSpan()));
            if (count <= Most || count > (frames.Length - HeaderBytes) / FrameBytes)
                return null;
            var first = frames[..(HeaderBytes + Most * FrameBytes)];
            MemoryMarshal.Write(MemoryMarshal.AsBytes(first.AsSpan()), Most);
            var copy = new InsufficientExecutionStackException();
            Noted(copy) = noted is object?[] whole ? (object?[])[first, .. whole[1..]] : first;
            return copy;
        }
        catch (MissingFieldException)
        {
            return null;
        }
    }

    [UnsafeAccessor(UnsafeAccessorKind.Field, Name = "_stackTrace")]
    private static extern ref object? Noted(Exception exception);
}
