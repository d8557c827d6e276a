using TorchSharp;
using static TorchSharp.torch;

namespace XtNotebooks.Training;

/// <summary>Finds where numbers stopped being finite.</summary>
internal static class NonFinite
{
    /// <summary>The first parameter, in the module's order, that holds NaN or infinity; null where none does.</summary>
    public static string? First(nn.Module module, bool gradients)
    {
        using var scope = NewDisposeScope();
        foreach (var (name, parameter) in module.named_parameters())
        {
            if ((gradients ? parameter.grad : parameter) is { } values && !values.isfinite().all().item<bool>())
                return name;
        }
        return null;
    }
}
