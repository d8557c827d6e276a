using System.Security.Cryptography;
using XtNotebooks.Kernel.Threads;

namespace XtNotebooks.Kernel.Jupyter.Wire;

/// <summary>Signs messages, and tells whether one that came is genuine and new.</summary>
/// <remarks>HMAC over the four JSON frames, as lower-case hex. Source: Jupyter messaging specification, the wire protocol.</remarks>
internal sealed class MessageSigner : IDisposable
{
    /// <summary>How many signatures are remembered to tell a replay; the oldest are forgotten first.</summary>
    internal const int Remembered = 65536;

    private readonly Lock gate = new();
    private IncrementalHash? hash;
    private readonly bool signs;
    private readonly HashSet<UInt128> seen = [];
    private readonly Queue<UInt128> order = new();

    /// <param name="key">The shared secret; empty for no signatures.</param>
    /// <param name="algorithm">The hash of the HMAC.</param>
    public MessageSigner(byte[] key, HashAlgorithmName algorithm)
    {
        signs = key.Length > 0;
        hash = signs ? IncrementalHash.CreateHMAC(algorithm, key) : null;
    }

    /// <summary>The signature of the frames as ASCII hex; empty where messages are not signed.</summary>
    public byte[] Sign(params ReadOnlySpan<byte[]> frames)
    {
        using (gate.EnterUninterrupted())
        {
            // Also after the kernel's end, when a thread that a cell left behind still writes.
            if (hash is null)
                return [];
            foreach (var frame in frames)
                hash.AppendData(frame);
            var digest = hash.GetHashAndReset();
            var text = new byte[digest.Length * 2];
            Convert.TryToHexStringLower(digest, text, out _);
            return text;
        }
    }

    /// <summary>Whether the signature is right and was never seen before.</summary>
    public SignatureCheck Check(ReadOnlySpan<byte> signature, params ReadOnlySpan<byte[]> frames)
    {
        if (!signs)
            return SignatureCheck.Good;
        if (signature.IsEmpty)
            return SignatureCheck.Unsigned;
        var expected = Sign(frames);
        if (expected.Length == 0 || !CryptographicOperations.FixedTimeEquals(signature, expected))
            return SignatureCheck.Wrong;
        // The first 128 bits of a genuine HMAC tell messages apart as well as all of it.
        UInt128.TryParse(expected.AsSpan(0, 32), System.Globalization.NumberStyles.HexNumber, null, out var mark);
        lock (gate)
        {
            if (!seen.Add(mark))
                return SignatureCheck.Replayed;
            order.Enqueue(mark);
            if (order.Count > Remembered)
                seen.Remove(order.Dequeue());
        }
        return SignatureCheck.Good;
    }

    public void Dispose()
    {
        lock (gate)
        {
            hash?.Dispose();
            hash = null;
        }
    }
}

internal enum SignatureCheck
{
    Good,
    Unsigned,
    Wrong,
    Replayed,
}
