using System.Globalization;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json;

namespace XtNotebooks.Kernel.Packages;

/// <summary>What earlier restores found, kept across processes. An answer holds as long as the request, the NuGet.config files, and what
/// local feeds have of the requested packages are the same, and every file still lies in its place; where the newest version is asked for,
/// for a day.</summary>
internal sealed class RestoreCache(string directory, TimeProvider time)
{
    private const int Format = 1;
    private static readonly TimeSpan FloatingHolds = TimeSpan.FromDays(1);

    public static string Key(IReadOnlyList<PackageRequest> requests, IReadOnlyList<string> feeds, NuGetConfigFiles configs, string runtime)
    {
        var text = new StringBuilder();
        text.AppendJoin('\n', Format, Environment.Version, runtime, Environment.GetEnvironmentVariable("NUGET_PACKAGES")).Append('\n');
        foreach (var request in requests)
            text.Append(CultureInfo.InvariantCulture, $"package {request.Id.ToUpperInvariant()} {request.Range}\n");
        foreach (var feed in feeds)
            text.Append(CultureInfo.InvariantCulture, $"feed {feed}\n");
        foreach (var file in configs.Files)
            text.Append(CultureInfo.InvariantCulture, $"config {Stamp(file)}\n");
        foreach (var feed in configs.LocalFeeds.Concat(feeds.Where(Directory.Exists)))
        {
            foreach (var request in requests)
                text.AppendJoin('\n', Packages(feed, request.Id)).Append('\n');
        }
        return Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(text.ToString())))[..32];
    }

    public PackageSet? TryRead(string key, IReadOnlyList<PackageRequest> requests)
    {
        try
        {
            var path = PathOf(key);
            var written = File.GetLastWriteTimeUtc(path);
            if (!File.Exists(path) || (requests.Any(request => request.IsFloating) && time.GetUtcNow() - written > FloatingHolds))
                return null;
            var found = JsonSerializer.Deserialize(File.ReadAllBytes(path), RestoreJson.Default.PackageSet);
            return found?.Exists() == true ? found : null;
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException or JsonException)
        {
            return null;
        }
    }

    public void Write(string key, PackageSet found)
    {
        try
        {
            Directory.CreateDirectory(directory);
            var temporary = PathOf(key) + $".{Environment.ProcessId}.tmp";
            File.WriteAllBytes(temporary, JsonSerializer.SerializeToUtf8Bytes(found, RestoreJson.Default.PackageSet));
            File.Move(temporary, PathOf(key), overwrite: true);
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException)
        {
            // A home that cannot be written costs the next start a second, nothing else.
        }
    }

    private string PathOf(string key) => Path.Combine(directory, key + ".json");

    private static IEnumerable<string> Packages(string feed, string id)
    {
        if (!Directory.Exists(feed))
            return [];
        var options = new EnumerationOptions { MatchCasing = MatchCasing.CaseInsensitive };
        var flat = Directory.EnumerateFiles(feed, id + ".*.nupkg", options);
        var folders = Directory.EnumerateDirectories(feed, id, options)
            .SelectMany(folder => Directory.EnumerateFiles(folder, "*.nupkg", SearchOption.AllDirectories));
        return flat.Concat(folders).Order(StringComparer.Ordinal).Select(Stamp);
    }

    private static string Stamp(string file) => new FileInfo(file) is { Exists: true } info
        ? string.Create(CultureInfo.InvariantCulture, $"{file} {info.Length} {info.LastWriteTimeUtc.Ticks}")
        : file;
}

[System.Text.Json.Serialization.JsonSerializable(typeof(PackageSet))]
internal sealed partial class RestoreJson : System.Text.Json.Serialization.JsonSerializerContext;
