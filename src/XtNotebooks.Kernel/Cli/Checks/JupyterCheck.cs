using System.Text.Json;
using System.Text.Json.Nodes;
using XtNotebooks.Kernel.Jupyter;

namespace XtNotebooks.Kernel.Cli.Checks;

/// <summary>Jupyter and the kernels it knows.</summary>
internal static class JupyterCheck
{
    public static async Task<IReadOnlyList<CheckLine>> LinesAsync(CancellationToken cancellationToken)
    {
        var version = await ProcessText.ReadAsync("jupyter", ["--version"], cancellationToken);
        var paths = version is null ? null : await ProcessText.ReadAsync("jupyter", ["--paths", "--json"], cancellationToken);
        var folders = DataFolders(paths);
        return
        [
            new("Jupyter", version is null
                ? "not on the path; notebooks can be run by 'xt-notebooks run' all the same"
                : Versions(version)),
            new("kernelspecs", Kernelspecs(folders)),
        ];
    }

    /// <summary>The installed parts that a notebook's user meets, from <c>jupyter --version</c>.</summary>
    internal static string Versions(string text)
    {
        var parts = text.Split('\n')
            .Select(line => line.Split(':', 2, StringSplitOptions.TrimEntries))
            .Where(pair => pair.Length == 2
                && pair[0] is "jupyter_core" or "jupyter_client" or "jupyterlab" or "notebook" or "nbclient" or "nbconvert")
            .Where(pair => char.IsDigit(pair[1].FirstOrDefault()))
            .Select(pair => $"{pair[0]} {pair[1]}")
            .ToList();
        return parts.Count > 0 ? string.Join(", ", parts) : text.Split('\n')[0].Trim();
    }

    /// <summary>The folders that Jupyter looks for kernels in: as it says itself, else by its rules.</summary>
    internal static IReadOnlyList<string> DataFolders(string? pathsJson)
    {
        try
        {
            if (pathsJson is not null && JsonNode.Parse(pathsJson)?["data"] is JsonArray data)
                return [.. data.Select(folder => folder?.ToString() ?? "").Where(folder => folder.Length > 0).Distinct()];
        }
        catch (JsonException)
        {
            // An old Jupyter answers in words.
        }
        // Source: jupyter_core, jupyter_path.
        var home = Environment.GetFolderPath(Environment.SpecialFolder.UserProfile);
        var user = Variable("JUPYTER_DATA_DIR") ?? (OperatingSystem.IsMacOS()
            ? Path.Combine(home, "Library", "Jupyter")
            : Path.Combine(Variable("XDG_DATA_HOME") ?? Path.Combine(home, ".local", "share"), "jupyter"));
        var environment = Variable("VIRTUAL_ENV") ?? Variable("CONDA_PREFIX");
        string?[] folders =
        [
            .. (Variable("JUPYTER_PATH") ?? "").Split(Path.PathSeparator),
            user,
            environment is null ? null : Path.Combine(environment, "share", "jupyter"),
            "/usr/local/share/jupyter",
            "/usr/share/jupyter",
        ];
        return [.. folders.OfType<string>().Where(folder => folder.Length > 0).Distinct()];
    }

    /// <summary>A line for each kernel; ours is tried whether it still leads to a program.</summary>
    internal static string Kernelspecs(IReadOnlyList<string> dataFolders)
    {
        var lines = new List<string>();
        foreach (var folder in dataFolders.Select(folder => Path.Combine(folder, "kernels")).Where(Directory.Exists))
        {
            foreach (var kernel in Directory.GetDirectories(folder).Where(each => File.Exists(Path.Combine(each, "kernel.json")))
                .Order(StringComparer.Ordinal))
                lines.Add(Kernelspec(kernel));
        }
        if (!lines.Any(line => line.StartsWith(KernelSpec.Name, StringComparison.Ordinal)))
            lines.Insert(0, $"{KernelSpec.Name} is not installed: 'xt-notebooks install' makes it known to Jupyter");
        return string.Join('\n', lines);
    }

    private static string Kernelspec(string folder)
    {
        var name = Path.GetFileName(folder);
        try
        {
            var spec = JsonNode.Parse(File.ReadAllText(Path.Combine(folder, "kernel.json")));
            var program = spec?["argv"] is JsonArray { Count: > 0 } argv ? argv[0]?.ToString() : null;
            var broken = name == KernelSpec.Name && program is not null && Path.IsPathRooted(program) && !File.Exists(program)
                ? $", but its program {program} is gone: run 'xt-notebooks install' again"
                : "";
            return $"{name}: {spec?["display_name"]} ({folder}){broken}";
        }
        catch (Exception error) when (error is JsonException or IOException or UnauthorizedAccessException or InvalidOperationException)
        {
            return $"{name}: its kernel.json cannot be read ({folder})";
        }
    }

    private static string? Variable(string name) => Environment.GetEnvironmentVariable(name) is { Length: > 0 } value ? value : null;
}
