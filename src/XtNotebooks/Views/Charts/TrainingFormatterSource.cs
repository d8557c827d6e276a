using XtNotebooks.Training;

namespace XtNotebooks.Views;

/// <summary>How notebooks show a <see cref="TrainingRun"/> and a <see cref="TrainingComparison"/>: as their chart.</summary>
public sealed class TrainingFormatterSource
{
    /// <summary>HTML, plain text and a Plotly figure.</summary>
#pragma warning disable CA1822 // The convention asks for an instance method.
    public IEnumerable<object> CreateTypeFormatters() => ViewFormatters.For<object>(static value => value switch
    {
        TrainingRun run => run.ToChart(),
        TrainingComparison { Runs.Count: > 0 } comparison => comparison.ToChart(),
        _ => new LineChart { Sentence = "No run to draw.", XLabel = "step", Panels = [] },
    });
#pragma warning restore CA1822
}
