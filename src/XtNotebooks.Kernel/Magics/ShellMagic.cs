using System.Diagnostics;
using XtNotebooks.Extensibility;
using XtNotebooks.Kernel.Scripting;

namespace XtNotebooks.Kernel.Magics;

/// <summary><c>#!sh</c>: shell commands, only where the host was started with the permission for them.</summary>
internal static class ShellMagic
{
    public static MagicCommand Create(CodeSessionOptions options) => new()
    {
        Name = "#!sh",
        Summary = "Runs the lines below it, or --command, in a shell; off unless the host was started with --allow-shell.",
        Options = [new MagicOption { Name = "--command", Summary = "One command, in quotes.", Positional = true }],
        Examples = ["#!sh \"ls -l\""],
        TakesBody = true,
        Run = (call, cancellationToken) => options.AllowShell
            ? RunAsync(call, options.WorkingDirectory, cancellationToken)
            : throw new MagicException(
                "#!sh is off, because a notebook from elsewhere could run any command; start the host with --allow-shell to turn it on."),
    };

    private static async Task RunAsync(MagicCall call, string workingDirectory, CancellationToken cancellationToken)
    {
        var script = string.Join('\n', new[] { call.Get<string>("--command"), call.Body }.Where(part => !string.IsNullOrWhiteSpace(part)));
        if (script.Length == 0)
            throw new MagicException("#!sh has nothing to run; give a command in quotes, or lines below it.");
        var output = CellContext.Current!.Output;
        using var shell = new Process
        {
            StartInfo = new ProcessStartInfo("/bin/sh", ["-c", script])
            {
                WorkingDirectory = workingDirectory,
                RedirectStandardOutput = true,
                RedirectStandardError = true,
                RedirectStandardInput = true,
            },
        };
        shell.OutputDataReceived += (_, line) => Write(StreamName.Stdout, line.Data);
        shell.ErrorDataReceived += (_, line) => Write(StreamName.Stderr, line.Data);
        shell.Start();
        shell.StandardInput.Close();
        shell.BeginOutputReadLine();
        shell.BeginErrorReadLine();
        try
        {
            await shell.WaitForExitAsync(cancellationToken);
        }
        catch (OperationCanceledException)
        {
            shell.Kill(entireProcessTree: true);
            throw;
        }
        if (shell.ExitCode != 0)
            throw new MagicException($"The shell ended with exit code {shell.ExitCode}.");

        void Write(StreamName stream, string? line)
        {
            if (line is not null)
                output.Stream(stream, line + "\n");
        }
    }
}
