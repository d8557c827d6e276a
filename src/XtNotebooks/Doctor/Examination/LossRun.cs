using TorchSharp;
using static TorchSharp.torch;

namespace XtNotebooks.Diagnostics;

/// <summary>One run of the user's loss over the user's model.</summary>
internal sealed class LossRun
{
    /// <summary>The loss value; NaN where no loss is given.</summary>
    public required double Loss { get; init; }

    /// <summary>[batch, seq, tokens], detached: what the model gave in its last call.</summary>
    public required Tensor Logits { get; init; }

    /// <summary>[batch, seq, tokens]: the loss's gradient with respect to the logits; null where it has none.</summary>
    public required Tensor? LogitGradient { get; init; }

    /// <summary>One for each trainable parameter, null where the loss does not depend on it; empty where none were asked for.</summary>
    public required IReadOnlyList<Tensor?> Gradients { get; init; }

    /// <summary>The batch as the model saw it.</summary>
    public required DoctorBatch Seen { get; init; }

    /// <summary>How often the loss called the model.</summary>
    public required int Calls { get; init; }
}
