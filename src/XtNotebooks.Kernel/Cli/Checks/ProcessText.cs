using System.ComponentModel;
using System.Diagnostics;

namespace XtNotebooks.Kernel.Cli.Checks;

/// <summary>What another program prints.</summary>
internal static class ProcessText
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(20);

    /// <summary>Its standard output, or null where there is no such program, or it fails, or it does not end.</summary>
    public static async Task<string?> ReadAsync(string program, IReadOnlyList<string> arguments, CancellationToken cancellationToken)
    {
        try
        {
            using var process = Process.Start(new ProcessStartInfo(program, arguments)
                { RedirectStandardOutput = true, RedirectStandardError = true });
            if (process is null)
                return null;
            using var patience = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
            patience.CancelAfter(Patience);
            var errors = process.StandardError.ReadToEndAsync(patience.Token);
            try
            {
                var text = await process.StandardOutput.ReadToEndAsync(patience.Token);
                await errors;
                await process.WaitForExitAsync(patience.Token);
                return process.ExitCode == 0 ? text : null;
            }
            catch (OperationCanceledException) when (!cancellationToken.IsCancellationRequested)
            {
                process.Kill(entireProcessTree: true);
                return null;
            }
        }
        catch (Win32Exception)
        {
            return null;
        }
    }
}
