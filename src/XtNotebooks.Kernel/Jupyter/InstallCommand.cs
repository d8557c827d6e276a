using System.CommandLine;
using System.Diagnostics;
using System.Runtime.InteropServices;
using XtNotebooks.Kernel.Cli;

namespace XtNotebooks.Kernel.Jupyter;

/// <summary><c>xt-notebooks install</c>: makes the kernel known to Jupyter.</summary>
internal static class InstallCommand
{
    public static Command Create()
    {
        var user = new Option<bool>("--user") { Description = "For this user, in Jupyter's own data folder; the default." };
        var prefix = new Option<DirectoryInfo>("--prefix") { Description = "Below DIR, in share/jupyter/kernels.", HelpName = "DIR" };
        var sysPrefix = new Option<bool>("--sys-prefix")
            { Description = "Below the Python environment that is active: a virtual or Conda environment, or python3's own." };
        var command = new Command("install", $"Makes the kernel known to Jupyter, as {KernelSpec.Name}.") { user, prefix, sysPrefix };
        command.Validators.Add(result =>
        {
            if ((result.GetValue(user) ? 1 : 0) + (result.GetValue(sysPrefix) ? 1 : 0) + (result.GetValue(prefix) is null ? 0 : 1) > 1)
                result.AddError("Give only one of --user, --prefix and --sys-prefix.");
        });
        command.SetAction((parsed, _) =>
        {
            var data = parsed.GetValue(prefix) is { } folder ? BelowPrefix(folder.FullName)
                : parsed.GetValue(sysPrefix) ? BelowPrefix(PythonPrefix())
                : UserDataFolder();
            var installed = KernelSpec.Install(data, ThisTool(), DotnetRoot());
            parsed.InvocationConfiguration.Output.WriteLine($"Installed the kernel {KernelSpec.Name} in {installed}");
            return Task.FromResult(ExitCode.Ok);
        });
        return command;
    }

    /// <summary>The words that start this very tool again: its launcher, or <c>dotnet</c> with its DLL.</summary>
    private static string[] ThisTool()
    {
        var process = Environment.ProcessPath
            ?? throw new CommandException("The path of this process is unknown here, so the kernelspec cannot name it.");
        return Path.GetFileNameWithoutExtension(process) == "dotnet"
            ? [process, Path.Combine(AppContext.BaseDirectory, "XtNotebooks.Kernel.dll")]
            : [process];
    }

    // The runtime lies in ROOT/shared/Microsoft.NETCore.App/VERSION/.
    private static string? DotnetRoot() =>
        Path.GetFullPath(Path.Combine(RuntimeEnvironment.GetRuntimeDirectory(), "..", "..", "..")) is var root
        && File.Exists(Path.Combine(root, OperatingSystem.IsWindows() ? "dotnet.exe" : "dotnet"))
            ? root
            : null;

    private static string BelowPrefix(string prefix) => Path.Combine(prefix, "share", "jupyter");

    // Source: jupyter_core, jupyter_data_dir.
    private static string UserDataFolder()
    {
        if (Environment.GetEnvironmentVariable("JUPYTER_DATA_DIR") is { Length: > 0 } named)
            return named;
        var home = Environment.GetFolderPath(Environment.SpecialFolder.UserProfile);
        if (OperatingSystem.IsMacOS())
            return Path.Combine(home, "Library", "Jupyter");
        if (OperatingSystem.IsWindows())
            return Path.Combine(Environment.GetFolderPath(Environment.SpecialFolder.ApplicationData), "jupyter");
        return Environment.GetEnvironmentVariable("XDG_DATA_HOME") is { Length: > 0 } data
            ? Path.Combine(data, "jupyter")
            : Path.Combine(home, ".local", "share", "jupyter");
    }

    private static string PythonPrefix()
    {
        foreach (var variable in (string[])["VIRTUAL_ENV", "CONDA_PREFIX"])
        {
            if (Environment.GetEnvironmentVariable(variable) is { Length: > 0 } active)
                return active;
        }
        try
        {
            using var python = Process.Start(
                new ProcessStartInfo(OperatingSystem.IsWindows() ? "python" : "python3", ["-c", "import sys; print(sys.prefix)"])
            {
                RedirectStandardOutput = true,
            })!;
            var prefix = python.StandardOutput.ReadToEnd().Trim();
            python.WaitForExit();
            if (python.ExitCode == 0 && prefix.Length > 0)
                return prefix;
        }
        catch (System.ComponentModel.Win32Exception)
        {
            // No Python on the path.
        }
        throw new CommandException("--sys-prefix finds no Python: activate an environment, or name the folder by --prefix DIR.");
    }
}
