using System.Text.Json;
using System.Text.RegularExpressions;

namespace XtNotebooks.Docs.Tests;

/// <summary>binder/postBuild tells Jupyter what a launch opens.</summary>
public sealed partial class BinderTests
{
    /// <summary>JupyterLab and Notebook 7, started as applications, take their own key and not the server's.</summary>
    [Theory]
    [InlineData("ServerApp", "/lab/tree/")]
    [InlineData("LabApp", "/lab/tree/")]
    [InlineData("JupyterNotebookApp", "/notebooks/")]
    public void Every_way_to_start_Jupyter_opens_the_first_notebook(string application, string path)
    {
        using var written = JsonDocument.Parse(Settings().Match(Repository.Read("binder/postBuild")).Groups["json"].Value);
        var opens = written.RootElement.GetProperty(application).GetProperty("default_url").GetString()!;
        Assert.StartsWith(path + "notebooks/01-", opens, StringComparison.Ordinal);
        Assert.True(File.Exists(Path.Combine(Repository.Root, opens[path.Length..])), $"There is no {opens[path.Length..]}.");
    }

    /// <summary>What the script writes to the file of settings that all of Jupyter's applications read.</summary>
    [GeneratedRegex(@"^cat > ""\$HOME/\.jupyter/jupyter_config\.json"" <<'END'\n(?<json>.*?)^END$", RegexOptions.Multiline | RegexOptions.Singleline)]
    private static partial Regex Settings();
}
