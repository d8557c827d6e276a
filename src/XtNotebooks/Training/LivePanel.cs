using XtNotebooks.Extensibility;

namespace XtNotebooks.Training;

/// <summary>Shows a <see cref="TrainingPanel"/> while a run goes on, at most five times a second, drawn beside the training thread.</summary>
internal sealed class LivePanel(INotebook notebook, string device, TimeProvider time)
{
    private static readonly TimeSpan Pause = TimeSpan.FromMilliseconds(200);
    private const int MostPoints = 300;

    private readonly Lock gate = new();
    private readonly long start = time.GetTimestamp();
    private readonly List<(int Step, double Reported, double? Real, double? Pad)> curve = [];
    private IDisplayHandle? handle;
    private Task drawing = Task.CompletedTask;
    private long drawn;
    private int stride = 1, taken;
    private string name = "";

    /// <summary>What is drawn of the run so far.</summary>
    internal IReadOnlyList<(int Step, double Reported, double? Real, double? Pad)> Curve => curve;

    /// <summary>The drawing that was begun last.</summary>
    internal Task Drawing => drawing;

    /// <summary>To be called on the training thread after each step: keeps a few numbers and hardly ever more.</summary>
    public void OnStep(TrainingProgress progress)
    {
        lock (gate)
        {
            if (progress.Name != name)
                Begin(progress.Name);
            taken++;
            var step = progress.Step;
            if ((step.Step - 1) % stride == 0)
                curve.Add((step.Step, step.ReportedLoss, step.RealLoss, step.PadLoss));
            if (curve.Count > MostPoints)
                Thin();
            if (!drawing.IsCompleted || (handle is not null && time.GetElapsedTime(drawn) < Pause))
                return;
            drawn = time.GetTimestamp();
            var panel = new TrainingPanel
            {
                Name = name, Latest = step, PlannedSteps = progress.PlannedSteps,
                Elapsed = time.GetElapsedTime(start), StepsTaken = taken, Device = device, Curve = [.. curve], Evaluation = progress.Evaluation,
            };
            drawing = Task.Run(() => Show(panel));
        }
    }

    /// <summary>Puts the result in the panel's place, after the last panel was drawn.</summary>
    public void End(object result)
    {
        drawing.GetAwaiter().GetResult();
        Show(result);
    }

    private void Show(object value)
    {
        if (handle is null)
            handle = notebook.Display(value);
        else
            handle.Update(value);
    }

    private void Begin(string run)
    {
        name = run;
        curve.Clear();
        stride = 1;
    }

    private void Thin()
    {
        stride *= 2;
        // The first step stays: what the curve comes down from.
        curve.RemoveAll(point => (point.Step - 1) % stride != 0);
    }
}
