namespace XtNotebooks.Transformers.Tests.Native;

/// <summary>A folder that goes away with the test.</summary>
internal sealed class TemporaryFolder : IDisposable
{
    public string Path { get; } = Directory.CreateTempSubdirectory("xt-native-").FullName;

    /// <summary>Creates an empty file, or one with <paramref name="content"/>, and the folders above it.</summary>
    public string File(string relative, byte[]? content = null)
    {
        var path = System.IO.Path.Combine(Path, relative);
        Directory.CreateDirectory(System.IO.Path.GetDirectoryName(path)!);
        System.IO.File.WriteAllBytes(path, content ?? []);
        return path;
    }

    public string this[string relative] => System.IO.Path.Combine(Path, relative);

    public void Dispose() => Directory.Delete(Path, recursive: true);
}
