using XtNotebooks.Kernel.Notebooks;

namespace XtNotebooks.Kernel.Cli;

/// <summary>The files of one run, absolute, since the run changes into the notebook's folder.</summary>
/// <param name="Notebook">What is read.</param>
/// <param name="Output">Where the executed notebook goes.</param>
/// <param name="Html">Where the page goes, if one is wanted.</param>
/// <param name="Origin">The folder that the command was called in.</param>
internal sealed record RunPaths(string Notebook, string Output, string? Html, string Origin)
{
    /// <summary>The notebook's folder.</summary>
    public string Folder => Path.GetDirectoryName(Notebook)!;

    public static RunPaths Resolve(RunRequest request)
    {
        var notebook = Path.GetFullPath(request.Notebook);
        var output = request.Output is null
            ? Path.Combine(Path.GetDirectoryName(notebook)!, Path.GetFileNameWithoutExtension(notebook) + ".executed.ipynb")
            : Path.GetFullPath(request.Output);
        var html = request.Html is null ? null : Path.GetFullPath(request.Html);
        if (Path.GetExtension(output) is ".html" or ".htm")
            throw new CommandException($"--output writes a notebook and '{request.Output}' looks like a page; use --html for a page.");
        if (html is not null && Path.GetExtension(html) == ".ipynb")
            throw new CommandException($"--html writes a page and '{request.Html}' looks like a notebook; use --output for the notebook.");
        if (request.WithoutScripts && html is null)
            throw new CommandException("--without-scripts says how a page is written, but no page is asked for; add --html FILE.html.");
        if (html == output)
            throw new CommandException($"--output and --html both name '{request.Html}'; give two files.");
        return new(notebook, output, html, Environment.CurrentDirectory);
    }

    /// <summary>Finds out before the run whether its results can be written.</summary>
    public void Probe()
    {
        AtomicFile.Probe(Output, $"--output '{Shown(Output)}'");
        if (Html is not null)
            AtomicFile.Probe(Html, $"--html '{Shown(Html)}'");
    }

    /// <summary>A path as the caller would type it.</summary>
    public string Shown(string path)
    {
        var relative = Path.GetRelativePath(Origin, path);
        return relative.StartsWith("..", StringComparison.Ordinal) ? path : relative;
    }
}
