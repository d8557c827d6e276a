namespace XtNotebooks.Transformers;

/// <summary>Loads and saves the weights of any torch module under its own key names, which for this library's are upstream's.</summary>
public static class StateDicts
{
    /// <summary>Copies tensors into a module's parameters and buffers, all of them or none.</summary>
    /// <param name="module">What receives the weights; its dtype and device stay.</param>
    /// <param name="tensors">Tensors by key.</param>
    /// <param name="strict">Whether missing and unexpected keys are errors; wrong shapes always are.</param>
    /// <exception cref="CheckpointException">Keys or shapes do not fit; the message lists all of them, and nothing was changed.</exception>
    public static void LoadStateDict(this nn.Module module, IReadOnlyDictionary<string, Tensor> tensors, bool strict = true)
    {
        ArgumentNullException.ThrowIfNull(module);
        ArgumentNullException.ThrowIfNull(tensors);
        var own = module.state_dict();
        List<string> problems = [];
        if (strict)
        {
            List("missing", own.Keys.Except(tensors.Keys));
            List("unexpected", tensors.Keys.Except(own.Keys));
        }
        var shared = own.Keys.Intersect(tensors.Keys).ToArray();
        List("misshapen", shared.Where(k => !own[k].shape.SequenceEqual(tensors[k].shape))
            .Select(k => $"{k} (expected {own[k].Shape()}, found {tensors[k].Shape()})"));
        if (problems.Count > 0) throw new CheckpointException($"The weights do not fit the model, and nothing was changed: {string.Join("; ", problems)}.");

        using var noGrad = no_grad();
        foreach (var key in shared) own[key].copy_(tensors[key]);

        void List(string what, IEnumerable<string> keys)
        {
            var listed = keys.Order(StringComparer.Ordinal).ToArray();
            if (listed.Length > 0) problems.Add($"{listed.Length} {what}: {string.Join(", ", listed)}");
        }
    }

    /// <summary>Loads a safetensors file into a module, all of it or nothing.</summary>
    /// <param name="module">What receives the weights.</param>
    /// <param name="path">The file.</param>
    /// <param name="strict">Whether missing and unexpected keys are errors.</param>
    /// <exception cref="CheckpointException">The file is damaged, or its keys or shapes do not fit; nothing was changed.</exception>
    public static void LoadSafetensors(this nn.Module module, string path, bool strict = true)
    {
        using var scope = NewDisposeScope();
        module.LoadStateDict(Safetensors.Read(path), strict);
    }

    /// <summary>Writes a module's weights to a safetensors file, which is replaced as a whole or not at all.</summary>
    /// <param name="module">Whose weights.</param>
    /// <param name="path">The file.</param>
    public static void SaveSafetensors(this nn.Module module, string path)
    {
        ArgumentNullException.ThrowIfNull(module);
        Safetensors.Write(path, module.state_dict());
    }
}
