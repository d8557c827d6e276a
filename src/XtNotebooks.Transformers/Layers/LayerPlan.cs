namespace XtNotebooks.Transformers;

/// <summary>Which layers a stack has, and in which order they run.</summary>
/// <param name="Types">One letter for each layer: a attention, c cross-attention, f feed-forward.</param>
/// <param name="Order">Indices into <paramref name="Types"/> in the order of execution.</param>
/// <param name="BlockLength">Layers in one block; 1 where there are no regular blocks.</param>
/// <param name="Depth">Number of blocks.</param>
internal sealed record LayerPlan(IReadOnlyList<char> Types, IReadOnlyList<int> Order, int BlockLength, int Depth)
{
    public static LayerPlan From(AttentionLayersOptions options)
    {
        List<char> block = [];
        if (options.Macaron) block.Add('f');
        if (!options.OnlyCross) block.Add('a');
        if (options.CrossAttend) block.Add('c');
        block.Add('f');

        if (options.WeightTieLayers)
            return new LayerPlan(block, [.. Repeat(Enumerable.Range(0, block.Count), options.Depth)], block.Count, 1);

        var (types, length) = options switch
        {
            { CustomLayers: { } custom } => (custom.Select(t => t[0]).ToList(), 1),
            { ParRatio: { } ratio } => (Par(block, options.Depth, ratio), 1),
            { SandwichCoef: { } coef } => (Sandwich(block, options.Depth, coef), 1),
            _ => (Repeat(block, options.Depth).ToList(), block.Count),
        };
        var order = options.LayersExecuteOrder ?? [.. Enumerable.Range(0, types.Count)];
        if (order.FirstOrDefault(i => i < 0 || i >= types.Count, -1) is var wrong and >= 0)
            throw new ArgumentException($"LayersExecuteOrder names layer {wrong}, but there are only {types.Count} layers (0 to {types.Count - 1}).");
        return new LayerPlan(types, order, length, options.Depth > 0 ? options.Depth : order.Count);
    }

    // Attention in the first two thirds only, every ratio-th layer.
    private static List<char> Par(List<char> block, int depth, int ratio)
    {
        var layers = depth * block.Count;
        if (ratio <= 1 || ratio > layers) throw new ArgumentException($"ParRatio ({ratio}) must be from 2 to the number of layers that Depth gives ({layers}).");
        var head = block.Where(t => t != 'f').ToList();
        var attention = layers / ratio;
        var cut = layers * 2 / 3;
        var width = (cut + cut / attention) / attention;
        if (head.Count > width) throw new ArgumentException($"ParRatio ({ratio}) is too small for Depth ({depth}): its blocks have no room for {head.Count} attention layers.");
        head.AddRange(Enumerable.Repeat('f', width - head.Count));
        var types = Repeat(head, attention).ToList();
        types.AddRange(Enumerable.Repeat('f', layers - types.Count));
        return types;
    }

    private static List<char> Sandwich(List<char> block, int depth, int coef)
    {
        if (coef <= 0 || coef > depth) throw new ArgumentException($"SandwichCoef ({coef}) must be from 1 to Depth ({depth}).");
        return [.. Enumerable.Repeat('a', coef), .. Repeat(block, depth - coef), .. Enumerable.Repeat('f', coef)];
    }

    private static IEnumerable<T> Repeat<T>(IEnumerable<T> items, int times) => Enumerable.Repeat(items, times).SelectMany(i => i);
}
