namespace XtNotebooks.Tests.Views;

/// <summary>Compares text with an expectation file beside the tests.</summary>
/// <remarks>With <c>XT_ACCEPT_SNAPSHOTS=1</c> the files are written instead; look at the difference before committing it.</remarks>
internal static class Snapshot
{
    public static void Matches(string actual, string name)
    {
        var file = Path.Combine(Folder(), name);
        if (Environment.GetEnvironmentVariable("XT_ACCEPT_SNAPSHOTS") == "1")
        {
            File.WriteAllText(file, actual + "\n");
            return;
        }
        Assert.True(File.Exists(file), $"There is no expectation file {name}; look at the output, then accept it with XT_ACCEPT_SNAPSHOTS=1.");
        var expected = File.ReadAllText(file)[..^1];
        if (expected == actual)
            return;
        var at = expected.Zip(actual).TakeWhile(pair => pair.First == pair.Second).Count();
        Assert.Fail($"{name} differs at character {at}:\nexpected …{Around(expected, at)}…\nactual   …{Around(actual, at)}…\n"
            + "If the change is meant, accept it with XT_ACCEPT_SNAPSHOTS=1.");
    }

    private static string Around(string text, int at) =>
        text[Math.Max(0, at - 40)..Math.Min(text.Length, at + 80)].Replace("\n", "\\n", StringComparison.Ordinal);

    /// <summary>The repository's folder.</summary>
    public static string Root { get; } = Find();

    private static string Folder() => Path.Combine(Root, "tests", "XtNotebooks.Tests", "Views", "Expected");

    private static string Find()
    {
        for (var folder = new DirectoryInfo(AppContext.BaseDirectory); folder is not null; folder = folder.Parent)
        {
            if (File.Exists(Path.Combine(folder.FullName, "XtNotebooks.sln")))
                return folder.FullName;
        }
        throw new DirectoryNotFoundException("The tests run outside the repository; expectation files and pictures are not found.");
    }
}
