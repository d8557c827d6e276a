using XtNotebooks.Kernel.Notebooks;
using XtNotebooks.Kernel.Notebooks.Html;

namespace XtNotebooks.Kernel.Cli;

/// <summary>The files that a run leaves: the executed notebook and, where one is asked for, its page.</summary>
internal sealed class RunResult(RunPaths paths, bool withoutScripts)
{
    /// <exception cref="NotebookException">A file cannot be written.</exception>
    public void Write(string json)
    {
        AtomicFile.Write(paths.Output, json);
        if (paths.Html is not null)
            AtomicFile.Write(paths.Html, NotebookPage.Render(NotebookDocument.Parse(json, paths.Output), paths.Folder, Path.GetFileNameWithoutExtension(paths.Notebook),
                new() { Folder = Path.GetDirectoryName(paths.Html), WithoutScripts = withoutScripts }));
    }
}
