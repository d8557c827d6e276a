namespace XtNotebooks.Training;

/// <summary>Learning rates over time, as factors of <see cref="TrainerOptions.LearningRate"/>.</summary>
public static class Schedules
{
    /// <summary>From 0 up in a line over <paramref name="warmup"/> steps, then 1.</summary>
    public static Func<int, double> Warmup(int warmup) => step => step >= warmup ? 1 : (double)step / warmup;

    /// <summary>Warm-up, then half a cosine down to <paramref name="floor"/> at <paramref name="steps"/> (arXiv:1608.03983, one cycle).</summary>
    /// <param name="steps">Where the floor is reached.</param>
    /// <param name="warmup">Steps from 0 to 1.</param>
    /// <param name="floor">The last factor.</param>
    public static Func<int, double> Cosine(int steps, int warmup = 0, double floor = 0) => step =>
        step < warmup ? (double)step / warmup
        : floor + (1 - floor) * (1 + Math.Cos(Math.PI * Math.Min(1, (double)(step - warmup) / Math.Max(1, steps - warmup)))) / 2;

    /// <summary>Warm-up, then in a line down to <paramref name="floor"/> at <paramref name="steps"/>.</summary>
    /// <param name="steps">Where the floor is reached.</param>
    /// <param name="warmup">Steps from 0 to 1.</param>
    /// <param name="floor">The last factor.</param>
    public static Func<int, double> Linear(int steps, int warmup = 0, double floor = 0) => step =>
        step < warmup ? (double)step / warmup
        : floor + (1 - floor) * (1 - Math.Min(1, (double)(step - warmup) / Math.Max(1, steps - warmup)));
}
