using System.Collections.Immutable;
using System.Globalization;
using System.Runtime.InteropServices;
using NuGet.Commands;
using NuGet.Common;
using NuGet.Configuration;
using NuGet.Frameworks;
using NuGet.LibraryModel;
using NuGet.ProjectModel;
using NuGet.Protocol;
using NuGet.Protocol.Core.Types;
using NuGet.RuntimeModel;
using NuGet.Versioning;

namespace XtNotebooks.Kernel.Packages;

/// <summary>A restore by NuGet's own command, as <c>dotnet restore</c> does it, of a project that exists only in memory.</summary>
internal static class NuGetRestore
{
    private const string ProjectName = "notebook";

    public static async Task<PackageSet> RunAsync(
        IReadOnlyList<PackageRequest> requests, IReadOnlyList<string> feeds, string workingDirectory, Action<string> progress,
            CancellationToken cancellationToken)
    {
        var settings = Settings(workingDirectory);
        var sources = SettingsUtility.GetEnabledSources(settings)
            .Concat(feeds.Select(feed => new PackageSource(Feed(feed, workingDirectory))))
            .DistinctBy(source => source.Source)
            .ToList();
        if (sources.Count == 0)
            throw new PackageException("No package source is configured; add one to NuGet.config, or by #i \"nuget: FOLDER-OR-URL\".");
        var folder = Directory.CreateTempSubdirectory("xt-notebooks-restore-");
        try
        {
            var framework = NuGetFramework.Parse($"net{Environment.Version.Major}.{Environment.Version.Minor}");
            var project = Project(requests, sources, settings, framework, folder.FullName);
            var graph = new DependencyGraphSpec();
            graph.AddProject(project);
            graph.AddRestore(project.RestoreMetadata.ProjectUniqueName);
            var log = new RestoreLog(progress);
            using var cache = new SourceCacheContext();
            var arguments = new RestoreArgs
            {
                AllowNoOp = false,
                CacheContext = cache,
                Log = log,
                CachingSourceProvider = new CachingSourceProvider(new PackageSourceProvider(settings)),
                PreLoadedRequestProviders = [new DependencyGraphSpecRequestProvider(new RestoreCommandProvidersCache(), graph, settings)],
            };
            var requestsToRun = await RestoreRunner.GetRequests(arguments);
            var results = await RestoreRunner.RunWithoutCommit(requestsToRun, arguments).WaitAsync(cancellationToken);
            var result = results.Single().Result;
            if (!result.Success)
                throw new PackageException(
                    RestoreMessages.Why(result.LockFile.LogMessages, requests, sources.Select(source => source.Name)));
            return LockFileReader.Read(result.LockFile, framework, RuntimeInformation.RuntimeIdentifier, requests,
                RestoreMessages.Notes(result.LockFile.LogMessages));
        }
        catch (Exception exception) when (
            exception is FatalProtocolException or NuGetConfigurationException or IOException or UnauthorizedAccessException
            or HttpRequestException)
        {
            throw new PackageException(RestoreMessages.OneLine(exception.Message));
        }
        finally
        {
            folder.Delete(recursive: true);
        }
    }

    /// <summary>The folder of the packages that the machine has already.</summary>
    /// <exception cref="PackageException">A NuGet.config cannot be read.</exception>
    public static string PackageFolder(string workingDirectory) => SettingsUtility.GetGlobalPackagesFolder(Settings(workingDirectory));

    private static ISettings Settings(string workingDirectory)
    {
        try
        {
            return NuGet.Configuration.Settings.LoadDefaultSettings(Path.GetFullPath(workingDirectory));
        }
        catch (NuGetConfigurationException exception)
        {
            throw new PackageException(RestoreMessages.OneLine(exception.Message));
        }
    }

    private static string Feed(string feed, string workingDirectory)
    {
        if (feed.Contains("://", StringComparison.Ordinal))
            return feed;
        var folder = Path.GetFullPath(feed, workingDirectory);
        return Directory.Exists(folder) ? folder : throw new PackageException($"The feed of #i \"nuget: {feed}\" is no folder: {folder}.");
    }

    private static PackageSpec Project(
        IReadOnlyList<PackageRequest> requests, List<PackageSource> sources, ISettings settings, NuGetFramework framework, string folder)
    {
        var path = Path.Combine(folder, ProjectName + ".csproj");
        var dependencies = requests.Select(request => new LibraryDependency
        {
            LibraryRange = new LibraryRange(request.Id, Range(request), LibraryDependencyTarget.Package),
        });
        var information = new TargetFrameworkInformation
        {
            FrameworkName = framework,
            TargetAlias = framework.GetShortFolderName(),
            Dependencies = [.. dependencies],
            RuntimeIdentifierGraphPath = Path.Combine(AppContext.BaseDirectory, "PortableRuntimeIdentifierGraph.json"),
        };
        return new PackageSpec([information])
        {
            Name = ProjectName,
            FilePath = path,
            RuntimeGraph = new RuntimeGraph([new RuntimeDescription(RuntimeInformation.RuntimeIdentifier)]),
            RestoreMetadata = new ProjectRestoreMetadata
            {
                ProjectStyle = ProjectStyle.PackageReference,
                ProjectName = ProjectName,
                ProjectUniqueName = path,
                ProjectPath = path,
                OutputPath = folder,
                PackagesPath = SettingsUtility.GetGlobalPackagesFolder(settings),
                FallbackFolders = [.. SettingsUtility.GetFallbackPackageFolders(settings)],
                ConfigFilePaths = [.. settings.GetConfigFilePaths()],
                Sources = sources,
                OriginalTargetFrameworks = [framework.GetShortFolderName()],
                TargetFrameworks = { new ProjectRestoreMetadataFrameworkInfo(framework) { TargetAlias = framework.GetShortFolderName() } },
            },
        };
    }

    private static VersionRange Range(PackageRequest request) => VersionRange.TryParse(request.Range, out var range)
        ? range
        : throw new PackageException(string.Create(CultureInfo.InvariantCulture,
            $"'{request.Range}' is no version of {request.Id}; write a version such as 1.2.3, a range such as [1.0,2.0), or 1.* for the newest."));

    /// <summary>Tells what is being fetched; warnings and errors are in the result.</summary>
    private sealed class RestoreLog(Action<string> progress) : LoggerBase(LogLevel.Information)
    {
        public override void Log(ILogMessage message)
        {
            if (message.Level <= LogLevel.Minimal)
                progress(message.Message.Trim());
        }

        public override Task LogAsync(ILogMessage message)
        {
            Log(message);
            return Task.CompletedTask;
        }
    }
}
