namespace XtNotebooks.Docs.Tests;

/// <summary>The files of this repository, as a reader of it meets them.</summary>
internal static class Repository
{
    public static string Root { get; } = Find();

    /// <summary>Every page a reader may open, by its path from the root.</summary>
    public static IReadOnlyList<string> Pages { get; } =
    [
        .. Directory.GetFiles(Root, "*.md").Concat(Directory.GetFiles(Path.Combine(Root, "docs"), "*.md", SearchOption.AllDirectories))
            .Append(Path.Combine(Root, "bench", "README.md"))
            .Concat(Directory.GetDirectories(Path.Combine(Root, "src")).SelectMany(folder => Directory.GetFiles(folder, "*.md")))
            .Select(file => Path.GetRelativePath(Root, file).Replace('\\', '/')).Order(StringComparer.Ordinal),
    ];

    public static string Read(string path) => File.ReadAllText(Path.Combine(Root, path));

    /// <summary>A page or list that is made from the code: compared, or written anew where <c>XT_ACCEPT_SNAPSHOTS=1</c> is set.</summary>
    public static void IsWritten(string path, string text)
    {
        var file = Path.Combine(Root, path);
        if (Environment.GetEnvironmentVariable("XT_ACCEPT_SNAPSHOTS") == "1")
            File.WriteAllText(file, text);
        Assert.True(File.Exists(file) && File.ReadAllText(file) == text,
            $"{path} is not what the code has; look at the difference after writing it anew with XT_ACCEPT_SNAPSHOTS=1.");
    }

    private static string Find()
    {
        for (var folder = new DirectoryInfo(AppContext.BaseDirectory); folder is not null; folder = folder.Parent)
        {
            if (File.Exists(Path.Combine(folder.FullName, "XtNotebooks.sln")))
                return folder.FullName;
        }
        throw new DirectoryNotFoundException("The tests run outside the repository, whose pages they read.");
    }
}
