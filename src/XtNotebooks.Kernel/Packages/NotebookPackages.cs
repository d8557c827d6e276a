using XtNotebooks.Extensibility;
using XtNotebooks.Kernel.Extensions;
using XtNotebooks.Kernel.Scripting;

namespace XtNotebooks.Kernel.Packages;

/// <summary>The packages of one notebook: what was asked for, what came, and what is loaded.</summary>
internal sealed class NotebookPackages(CodeSession session) : IDisposable
{
    private readonly PackageResolver _resolver = new(
        session.Options.WorkingDirectory,
        new RestoreCache(Path.Combine(session.Options.CacheDirectory, "restore"), session.Options.TimeProvider),
        NuGetRestore.RunAsync);
    private readonly ExtensionLoader _extensions = new(session);
    private readonly SemaphoreSlim _turn = new(1);
    private readonly List<string> _feeds = [];
    private int _provenFeeds;
    private List<PackageRequest> _requests = [];
    private Dictionary<string, ResolvedPackage> _resolved = new(StringComparer.OrdinalIgnoreCase);

    /// <summary>The packages that are referenced, with the versions that were chosen.</summary>
    public IReadOnlyCollection<ResolvedPackage> Resolved => _resolved.Values;

    public void AddFeed(string feed)
    {
        if (!_feeds.Contains(feed))
            _feeds.Add(feed);
    }

    /// <summary>Makes packages and all they need usable by the code that follows, and loads the extensions among them.</summary>
    /// <exception cref="PackageException">They cannot be had, or do not go together with what is loaded.</exception>
    public async Task AddAsync(IReadOnlyList<PackageRequest> requests, CellContext cell)
    {
        await _turn.WaitAsync(cell.CancellationToken);
        try
        {
            var all = Merge(requests);
            if (all.SequenceEqual(_requests))
            {
                // One that failed, or was interrupted before its turn, is tried again; the others are loaded.
                foreach (var package in _resolved.Values)
                    _extensions.Load(package);
                return;
            }
            await using var progress = new RestoreProgress(string.Join(", ", requests), cell, session.Options.TimeProvider);
            var found = await ResolveAsync(all, progress, cell.CancellationToken);
            RefuseOtherVersionsOfLoaded(found, requests);
            foreach (var note in found.Notes)
                cell.Output.Stream(StreamName.Stderr, note + "\n");
            var added = found.Packages.Where(package =>
                !_resolved.TryGetValue(package.Id, out var known) || known.Version != package.Version).ToList();
            foreach (var package in added)
                session.AddPackage(package);
            _requests = all;
            _resolved = found.Packages.ToDictionary(package => package.Id, StringComparer.OrdinalIgnoreCase);
            foreach (var package in added)
                _extensions.Load(package);
        }
        finally
        {
            _turn.Release();
        }
    }

    public void Dispose() => _turn.Dispose();

    /// <summary>Restores; a feed that no restore has worked with yet is forgotten when this one fails, so that a slip in an <c>#i</c> does
    /// not spoil every package that follows.</summary>
    private async Task<PackageSet> ResolveAsync(List<PackageRequest> all, RestoreProgress progress, CancellationToken cancellationToken)
    {
        try
        {
            var found = await _resolver.ResolveAsync(all, _feeds, progress.Report, cancellationToken);
            _provenFeeds = _feeds.Count;
            return found;
        }
        catch (PackageException error) when (_feeds.Count > _provenFeeds)
        {
            var forgotten = string.Join(" and ", _feeds[_provenFeeds..]);
            _feeds.RemoveRange(_provenFeeds, _feeds.Count - _provenFeeds);
            throw new PackageException(
                $"{error.Message.TrimEnd()} The feed {forgotten} is forgotten again; give it anew by #i if it is right.");
        }
    }

    /// <summary>A package asked for again keeps its place; asked for without a version, it keeps its version too.</summary>
    private List<PackageRequest> Merge(IReadOnlyList<PackageRequest> requests)
    {
        var all = _requests.ToList();
        foreach (var request in requests)
        {
            var index = all.FindIndex(known => known.Id.Equals(request.Id, StringComparison.OrdinalIgnoreCase));
            if (index < 0)
                all.Add(request);
            else if (request.Range != "*")
                all[index] = request;
        }
        return all;
    }

    private void RefuseOtherVersionsOfLoaded(PackageSet found, IReadOnlyList<PackageRequest> requests)
    {
        foreach (var package in found.Packages)
        {
            if (_resolved.TryGetValue(package.Id, out var known) && known.Version != package.Version
                && known.Assemblies.FirstOrDefault(session.LoadContext.IsLoaded) is { } assembly)
            {
                throw new PackageException(
                    $"{string.Join(", ", requests)} needs {package.Id} {package.Version}, but this notebook has already loaded "
                    + $"{Path.GetFileName(assembly)} of {package.Id} {known.Version}; restart the kernel and reference both in the first cell.");
            }
        }
    }
}
