using System.Diagnostics;
using System.Globalization;
using System.Text.Json;

namespace XtNotebooks.Bench;

/// <summary>Another program that runs the same measurements in turn with ours: it reads "kind workload amount" lines and answers each with a line of JSON.</summary>
internal sealed class Peer : IContestant
{
    private readonly string _command;
    private readonly Process _process;

    /// <param name="command">Starts the program; "serve", the threads (0: its own choice) and the clock follow.</param>
    /// <param name="threads">Threads, or null for the program's own choice.</param>
    public Peer(string command, int? threads)
    {
        _command = command;
        _process = Start(string.Create(CultureInfo.InvariantCulture, $"serve {threads ?? 0} {(Timing.CountsProcessorTime ? "processor" : "wall")}"));
        Description = ReadLine();
    }

    public string Description { get; }

    public IReadOnlyDictionary<string, double> Run(string kind, string workload, int amount)
    {
        _process.StandardInput.WriteLine(string.Create(CultureInfo.InvariantCulture, $"{kind} {workload} {amount}"));
        _process.StandardInput.Flush();
        return JsonSerializer.Deserialize<Dictionary<string, double>>(ReadLine())!;
    }

    public double PeakMemory(string workload, int steps)
    {
        using var process = Start($"memory {workload} {steps}");
        var answer = process.StandardOutput.ReadLine() ?? throw new InvalidOperationException($"The peer ended without an answer: {_command}");
        process.WaitForExit();
        return double.Parse(answer, CultureInfo.InvariantCulture);
    }

    public void Dispose()
    {
        _process.StandardInput.Close();
        _process.WaitForExit();
        _process.Dispose();
    }

    private Process Start(string arguments)
    {
        var start = new ProcessStartInfo("/bin/sh") { RedirectStandardInput = true, RedirectStandardOutput = true };
        start.ArgumentList.Add("-c");
        start.ArgumentList.Add($"exec {_command} {arguments}");
        return Process.Start(start)!;
    }

    private string ReadLine() => _process.StandardOutput.ReadLine() ?? throw new InvalidOperationException($"The peer ended without an answer: {_command}");
}
