using XtNotebooks.Extensibility;

namespace XtNotebooks.Views;

/// <summary><c>#!xt-tensors</c>: live tensors by size and by the cell that made them.</summary>
internal static class TensorsMagic
{
    public static MagicCommand Command { get; } = new()
    {
        Name = "#!xt-tensors",
        Summary = "Lists live tensors by size and by the cell that made them, and counts those that are in no variable: a leak.",
        Options =
        [
            new() { Name = "--track", Summary = "on: from the next cell on, remember everything that cells make, so that what no variable holds is told too; off: no longer.", Type = typeof(TensorTracking) },
            new() { Name = "--max", Summary = "Variables, and cells, listed at most.", Type = typeof(int), Default = 40 },
            MagicInputs.As("tensors"),
        ],
        Examples = ["#!xt-tensors", "#!xt-tensors --track on"],
        Run = static (call, _) => MagicInputs.Show(call, () =>
        {
            var host = call.Notebook.Host;
            if (!host.TellsOfCells && call.Values.GetValueOrDefault("--track") is TensorTracking.On)
                throw new MagicException($"--track on cannot be done in {host.Name}, which does not tell when a cell begins and ends; without it, what variables hold is listed.");
            var log = TensorLog.Of(call.Notebook);
            if (call.Values.GetValueOrDefault("--track") is TensorTracking track)
                log.Track = track == TensorTracking.On;
            return LiveTensorsView.Of(call.Notebook.Variables, call.Require<int>("--max"), log);
        }),
    };
}

/// <summary>Whether cells have everything remembered that they make.</summary>
public enum TensorTracking
{
    /// <summary>What variables hold, and counts.</summary>
    Off,

    /// <summary>Everything that a cell makes on its own thread and leaves alive.</summary>
    On,
}
