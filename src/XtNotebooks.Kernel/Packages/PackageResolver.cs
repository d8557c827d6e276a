using System.Runtime.InteropServices;

namespace XtNotebooks.Kernel.Packages;

/// <summary>Finds packages: from what an earlier restore of the same request found, or by NuGet.</summary>
/// <remarks>The remembered answer keeps a kernel's start fast: reading it takes milliseconds, while NuGet alone takes most of a second to
/// load. NuGet's own assemblies are touched only where there is no such answer.</remarks>
internal sealed class PackageResolver(string workingDirectory, RestoreCache cache, PackageResolver.Restore restore)
{
    /// <summary>A restore of requests from the configured and the given feeds, seen from a folder.</summary>
    public delegate Task<PackageSet> Restore(IReadOnlyList<PackageRequest> requests, IReadOnlyList<string> feeds, string workingDirectory,
        Action<string> progress, CancellationToken cancellationToken);

    /// <exception cref="PackageException">They cannot be had.</exception>
    public async Task<PackageSet> ResolveAsync(
        IReadOnlyList<PackageRequest> requests, IReadOnlyList<string> feeds, Action<string> progress, CancellationToken cancellationToken)
    {
        var configs = NuGetConfigFiles.Find(workingDirectory);
        var key = RestoreCache.Key(requests, feeds, configs, RuntimeInformation.RuntimeIdentifier);
        if (cache.TryRead(key, requests) is { } known)
            return known;
        var found = await restore(requests, feeds, workingDirectory, progress, cancellationToken);
        cache.Write(key, found);
        return found;
    }
}
