namespace XtNotebooks.Transformers;

/// <summary>Layers that run again over what they made: recycling (AlphaFold 2) and looping (arXiv:2510.25741).</summary>
public sealed partial class TransformerWrapper
{
    private readonly Linear? recycled_proj;
    private readonly Linear? exit_gate;

    private Tensor RunLayers(Tensor x, Tensor? mask, TransformerInputs inputs, ForwardTrace.Builder? keep)
    {
        if (recycled_proj is null && exit_gate is null) return AttnLayers.Run(x, mask, inputs, keep);
        using var scope = NewDisposeScope();
        var steps = Options.Recycling ? RecycleSteps(inputs) : inputs.LoopedSteps ?? Options.MaxLoopedSteps;
        inputs.Cache?.RunsEach(steps);
        var made = x;
        for (var step = 0; step < steps; step++)
        {
            var isLast = step == steps - 1;
            // What is recycled carries no gradient: only the last run learns.
            using var noGrad = Options.Recycling && !isLast ? no_grad() : null;
            var read = !Options.Recycling ? made : step == 0 ? x : x + recycled_proj!.call(made.detach());
            made = AttnLayers.Run(read, mask, inputs, isLast ? keep : null, round: step);
            if (exit_gate is not null) keep?.Loops.Add((made, exit_gate.call(made)));
        }
        keep?.MoveToOuter(scope);
        return scope.MoveToOuter(made);
    }

    private int RecycleSteps(TransformerInputs inputs)
    {
        if (inputs.RecycleSteps is { } given) return given;
        if (!training) throw new ArgumentException("Recycling needs RecycleSteps outside of training: how often the layers are to run.");
        if (inputs.Cache is not null) throw new ArgumentException("Recycling with a Cache needs RecycleSteps: each step must run the layers as often.");
        using var drawn = randint(1, Options.TrainMaxRecycleSteps + 1, [1], device: CPU);
        return (int)drawn.item<long>();
    }
}
