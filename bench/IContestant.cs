namespace XtNotebooks.Bench;

/// <summary>Somebody who can run the measurements: this library, or another program beside it.</summary>
internal interface IContestant : IDisposable
{
    /// <summary>Who computes: library, torch version, BLAS.</summary>
    string Description { get; }

    /// <summary>Runs one measurement.</summary>
    /// <param name="kind">sgemm, step, forward, cached or uncached.</param>
    /// <param name="workload">The model; the matrix product has none.</param>
    /// <param name="amount">Repetitions, or tokens to generate.</param>
    /// <returns>Seconds of each part for one repetition (for generation, of all tokens).</returns>
    IReadOnlyDictionary<string, double> Run(string kind, string workload, int amount);

    /// <summary>Highest resident memory of a process that does nothing but train one model, in MiB.</summary>
    double PeakMemory(string workload, int steps);
}
