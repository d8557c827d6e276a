namespace XtNotebooks.Transformers;

/// <summary>Initialisations that upstream uses in several places.</summary>
internal static class Initialisation
{
    /// <summary>Sets weight and bias to zero, so that a branch starts by adding nothing.</summary>
    public static void ZeroInit(this Linear linear)
    {
        nn.init.zeros_(linear.weight);
        if (linear.bias is { } bias) nn.init.zeros_(bias);
    }
}
