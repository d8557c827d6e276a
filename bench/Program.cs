using System.CommandLine;
using System.Globalization;
using XtNotebooks.Bench;

var rounds = new Option<int>("--rounds") { Description = "Rounds to take medians of.", DefaultValueFactory = _ => 7 };
var peers = new Option<string[]>("--peer") { Description = "Command of another program to measure in turn, such as \"python3 bench/python/peer.py\"." };
var only = new Option<string[]>("--only") { Description = "Measure these models only: small, medium, medium-flash.", AllowMultipleArgumentsPerToken = true };
var threads = new Option<int?>("--threads") { Description = "Threads for libtorch; its own choice by default." };
var processorTime = new Option<bool>("--processor-time") { Description = "Count processor time instead of wall time, with one thread: for machines that others keep busy." };
var liveSteps = new Option<int>("--live-steps") { Description = "Training steps between which live tensors are counted; 0 for none.", DefaultValueFactory = _ => 1000 };
var memorySteps = new Option<int>("--memory-steps") { Description = "Training steps over which peak memory is taken; 0 for none.", DefaultValueFactory = _ => 30 };
var json = new Option<FileInfo?>("--json") { Description = "Also write the results to this file." };
var workload = new Argument<string>("workload");
var steps = new Argument<int>("steps");

var memory = new Command("memory", "Prints the peak memory of this process, in MiB, after some training steps.") { workload, steps };
memory.SetAction(parsed =>
    Console.WriteLine(Footprint.PeakMemory(Workload.Named(parsed.GetValue(workload)!), parsed.GetValue(steps)).ToString(CultureInfo.InvariantCulture)));

var rows = new Option<string[]>("--only") { Description = "Measure only the rows whose names hold one of these.", AllowMultipleArgumentsPerToken = true };
var views = new Command("views", "Measures the views: time to build and to render each for a batch of 16 x 256 tokens of a vocabulary of 50,000, its size, and 1 GiB tensors'.") { rows };
views.SetAction(parsed => Views.Write(Console.Out, parsed.GetValue(rows) ?? []));
var trainerRounds = new Option<int>("--rounds") { Description = "Rounds to take medians of.", DefaultValueFactory = _ => 5 };
var trainer = new Command("trainer", "Measures what the split loss and the live panel add to a training step, within the step.") { trainerRounds };
trainer.SetAction(parsed => Overheads.Write(Console.Out, parsed.GetValue(trainerRounds)));

var root = new RootCommand("Measures speed and memory of the models, by themselves or in turn with a peer.") { rounds, peers, only, threads, processorTime, liveSteps, memorySteps, json, memory, views, trainer };
root.SetAction(parsed =>
{
    Timing.CountsProcessorTime = parsed.GetValue(processorTime);
    var threadCount = Timing.CountsProcessorTime ? 1 : parsed.GetValue(threads);
    if (threadCount is { } count) torch.set_num_threads(count);
    var chosen = parsed.GetValue(only) is { Length: > 0 } names ? names : [.. Workload.All.Select(w => w.Name)];
    var measurements = Measurement.All.Where(m => m.Kind == "sgemm" || chosen.Contains(m.Workload)).ToArray();
    List<IContestant> contestants = [new Ours(), .. (parsed.GetValue(peers) ?? []).Select(c => new Peer(c, threadCount))];

    var summaries = Rounds.Run(contestants, measurements, parsed.GetValue(rounds), parsed.GetValue(memorySteps), Console.Error.WriteLine);
    foreach (var contestant in contestants) contestant.Dispose();
    LiveTensors? live = null;
    if (parsed.GetValue(liveSteps) is > 10 and var late)
    {
        Console.Error.WriteLine("live tensors");
        var (first, last) = Footprint.LiveTensors(Workload.All[0], late);
        live = new LiveTensors(Workload.All[0].Name, 10, first, late, last);
    }
    if (Timing.CountsProcessorTime) Console.WriteLine("Processor time of one thread.");
    Table.Write(Console.Out, summaries, live);
    if (parsed.GetValue(json) is { } file) File.WriteAllText(file.FullName, Summary.ToJson(summaries, live));
});
return root.Parse(args).Invoke();
