using System.Text.Json;
using System.Text.Json.Serialization;

namespace XtNotebooks.Bench;

/// <summary>One kind of measurement of one model.</summary>
/// <param name="Kind">What contestants are asked for.</param>
/// <param name="Workload">The model.</param>
/// <param name="Amount">Repetitions in a round, or tokens to generate.</param>
internal sealed record Measurement(string Kind, string Workload, int Amount)
{
    public static IReadOnlyList<Measurement> All { get; } =
    [
        new("sgemm", "-", 10),
        .. Bench.Workload.All.SelectMany(w => new Measurement[]
        {
            new("step", w.Name, w.Name == "small" ? 10 : 1),
            new("forward", w.Name, w.Name == "small" ? 10 : 1),
        }),
        .. Bench.Workload.All.SelectMany(w => new Measurement[] { new("cached", w.Name, w.Length / 2), new("uncached", w.Name, w.Length / 4) }),
    ];
}

/// <summary>Medians over all rounds.</summary>
/// <param name="Workload">The model.</param>
/// <param name="Kind">What was measured.</param>
/// <param name="Seconds">Of one repetition (generation: of all tokens), by part and in total.</param>
internal sealed record Result(string Workload, string Kind, int Amount, IReadOnlyDictionary<string, double> Seconds)
{
    [JsonIgnore]
    public double Total => Seconds["total"];
}

/// <summary>Everything that is known of one contestant.</summary>
internal sealed record Summary(string Contestant, double SgemmFlops, IReadOnlyList<Result> Results, IReadOnlyDictionary<string, double> PeakMemoryMiB)
{
    private static readonly JsonSerializerOptions Readable = new() { WriteIndented = true, PropertyNamingPolicy = JsonNamingPolicy.CamelCase };

    public static string ToJson(IReadOnlyList<Summary> summaries, LiveTensors? live) => JsonSerializer.Serialize(new { summaries, liveTensors = live }, Readable);
}

/// <summary>Live tensors after a few steps and after many.</summary>
internal sealed record LiveTensors(string Workload, int EarlySteps, long Early, int LateSteps, long Late);

/// <summary>Measures all contestants in turn, round after round, so that what else the machine does meets all alike.</summary>
internal static class Rounds
{
    public static IReadOnlyList<Summary> Run(IReadOnlyList<IContestant> contestants, IReadOnlyList<Measurement> measurements, int rounds, int memorySteps, Action<string> progress)
    {
        var samples = contestants.ToDictionary(c => c, _ => measurements.ToDictionary(m => m, _ => new List<IReadOnlyDictionary<string, double>>()));
        for (var round = 0; round <= rounds; round++)
        {
            progress(round == 0 ? "warm-up" : $"round {round} of {rounds}");
            foreach (var measurement in measurements)
                foreach (var contestant in contestants)
                {
                    var seconds = contestant.Run(measurement.Kind, measurement.Workload, measurement.Amount);
                    if (round > 0) samples[contestant][measurement].Add(seconds);
                }
        }
        progress("peak memory");
        return [.. contestants.Select(c => Summarise(c, samples[c], memorySteps))];
    }

    private static Summary Summarise(IContestant contestant, Dictionary<Measurement, List<IReadOnlyDictionary<string, double>>> samples, int memorySteps)
    {
        var results = samples.Select(s => new Result(s.Key.Workload, s.Key.Kind, s.Key.Amount, Medians(s.Value))).ToArray();
        var sgemm = results.Single(r => r.Kind == "sgemm").Total;
        var memory = memorySteps == 0 ? [] : results.Where(r => r.Kind == "step").ToDictionary(r => r.Workload, r => contestant.PeakMemory(r.Workload, memorySteps));
        return new Summary(contestant.Description, Ours.SgemmRate(sgemm), results, memory);
    }

    private static Dictionary<string, double> Medians(List<IReadOnlyDictionary<string, double>> samples)
    {
        var medians = samples[0].Keys.ToDictionary(part => part, part => Statistics.Median(samples.Select(s => s[part])));
        // The median of the sums, which the sum of medians need not be.
        medians["total"] = Statistics.Median(samples.Select(s => s.GetValueOrDefault("total", s.Values.Sum())));
        return medians;
    }
}
