namespace XtNotebooks.Kernel.Cli;

/// <summary>The folder that the process was started in.</summary>
internal static class StartFolder
{
    /// <summary>Moves to the home folder where the start folder is gone: a front end may start a kernel in a folder that was removed meanwhile.</summary>
    public static void Ensure(TextWriter error)
    {
        try
        {
            _ = Environment.CurrentDirectory;
        }
        catch (IOException)
        {
            var home = Environment.GetFolderPath(Environment.SpecialFolder.UserProfile);
            Environment.CurrentDirectory = Directory.Exists(home) ? home : Path.GetTempPath();
            error.WriteLine($"xt-notebooks: the folder that this was started in no longer exists; relative paths begin at '{Environment.CurrentDirectory}'.");
        }
    }
}
