namespace XtNotebooks.Transformers;

/// <summary>torch's own .pt files: Python programs in disguise, which are never run here.</summary>
internal static class PickleFiles
{
    /// <summary>Refuses a .pt file with the lines of Python that convert it.</summary>
    public static void Refuse(string path)
    {
        if (!LooksLikePickle(path)) return;
        var name = Path.GetFileName(path);
        var converted = Path.ChangeExtension(name, ".safetensors");
        throw new CheckpointException(
            $"""
             {name} is a PyTorch pickle, which can run code when it is read; convert it once with Python (a state_dict of an AutoregressiveWrapper loses its "net." prefix, and tied tensors are copied):
                 import torch; from safetensors.torch import save_file
                 state = torch.load("{name}", map_location="cpu", weights_only=True)
                 save_file(dict((k.removeprefix("net."), v.clone().contiguous()) for k, v in state.items()), "{converted}")
             """);
    }

    // A zip archive (torch since 1.6), or the older format's protocol bytes. A safetensors file may begin with the same two bytes, its header's
    // length, but its ninth is the brace that opens the header.
    private static bool LooksLikePickle(string path)
    {
        if (Path.GetExtension(path) is ".pt" or ".pth" or ".pkl") return true;
        using var stream = File.OpenRead(path);
        Span<byte> first = stackalloc byte[9];
        var read = stream.ReadAtLeast(first, first.Length, throwOnEndOfStream: false);
        if (read < 2 || (read == first.Length && first[8] == '{')) return false;
        return first.StartsWith("PK"u8) || first.StartsWith<byte>([0x80, 0x02]);
    }
}
