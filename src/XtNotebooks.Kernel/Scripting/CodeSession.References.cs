using Microsoft.CodeAnalysis;
using XtNotebooks.Kernel.Packages;

namespace XtNotebooks.Kernel.Scripting;

internal sealed partial class CodeSession
{
    private const string PackagePrefix = "nuget:";

    private readonly HashSet<string> _referenced = new(StringComparer.OrdinalIgnoreCase);

    public NotebookPackages Packages { get; }

    /// <summary>Adds a package's files to what cells compile against and load.</summary>
    public void AddPackage(ResolvedPackage package)
    {
        foreach (var path in package.Assemblies)
            LoadContext.Add(path);
        foreach (var path in package.Resources)
            LoadContext.AddResources(path);
        foreach (var directory in package.NativeDirectories)
            LoadContext.AddNativeDirectory(directory);
        foreach (var path in package.References)
            Reference(path);
    }

    /// <summary>Makes an assembly file known to the cells that follow.</summary>
    public void AddAssembly(string path)
    {
        LoadContext.Add(path);
        LoadContext.AddProbingDirectory(Path.GetDirectoryName(path)!);
        Reference(path);
    }

    private void Reference(string path)
    {
        // What host and extensions share is the host's and known from the start.
        if (Path.GetFileNameWithoutExtension(path) is "XtNotebooks.Extensibility" or "XtNotebooks.Kernel")
            return;
        using (_compiling.Enter(null))
        {
            if (_referenced.Contains(path))
                return;
            var reference = PlatformReferences.Open(path);
            if (_referenced.Count == 0)
            {
                foreach (var facade in PlatformReferences.LoadFacades().ToList())
                    _chain.AddReference(facade);
            }
            _chain.AddReference(reference);
            // Not before nothing can fail or be interrupted any more: a cell that asks again must not be told that it is there.
            _referenced.Add(path);
        }
    }

    /// <summary>Sees to everything that <c>#r</c> and <c>#i</c> ask for, in this code and in the files it loads.</summary>
    /// <returns>The code without these lines.</returns>
    private async Task<string> AddReferencesAsync(CellContext cell, string code)
    {
        var directives = CellDirectives.Read(code);
        var packages = new List<PackageRequest>();
        Collect(directives, Options.WorkingDirectory, PathOf(cell.Request), packages, []);
        if (packages.Count > 0)
            await Packages.AddAsync(packages, cell);
        return directives.Code;
    }

    private void Collect(CellDirectives directives, string folder, string path, List<PackageRequest> packages, HashSet<string> loaded)
    {
        foreach (var feed in directives.Feeds)
            Packages.AddFeed(feed.StartsWith(PackagePrefix, StringComparison.OrdinalIgnoreCase) ? feed[PackagePrefix.Length..].Trim() : feed);
        foreach (var (text, line) in directives.References)
        {
            if (text.StartsWith(PackagePrefix, StringComparison.OrdinalIgnoreCase))
                packages.Add(PackageRequest.Parse(text[PackagePrefix.Length..]));
            else
                AddFile(text, folder, $"{path}, line {line}");
        }
        foreach (var load in directives.Loads)
        {
            var file = Path.GetFullPath(load, folder);
            // A file that is not there is the compiler's to complain about, with line and caret.
            if (loaded.Add(file) && File.Exists(file))
                Collect(CellDirectives.Read(File.ReadAllText(file)), Path.GetDirectoryName(file)!, file, packages, loaded);
        }
    }

    private void AddFile(string text, string folder, string where)
    {
        if (string.IsNullOrWhiteSpace(text))
            throw new PackageException($"{where}: #r names nothing; write an assembly's path, or \"nuget: Name\" for a package.");
        var file = Path.GetFullPath(text, folder);
        if (File.Exists(file))
        {
            try
            {
                System.Reflection.AssemblyName.GetAssemblyName(file);
            }
            catch (Exception exception) when (exception is BadImageFormatException or IOException or UnauthorizedAccessException)
            {
                throw new PackageException($"{where}: {file} is no .NET assembly that can be read; #r expects one, or \"nuget: Name\".");
            }
            AddAssembly(file);
            return;
        }
        var name = text.EndsWith(".dll", StringComparison.OrdinalIgnoreCase) ? text[..^4] : text;
        if (!PlatformReferences.Paths.Any(path => Path.GetFileNameWithoutExtension(path).Equals(name, StringComparison.OrdinalIgnoreCase)))
            throw new PackageException($"{where}: there is no file {file}; #r expects an assembly's path, or \"nuget: Name\" for a package.");
    }
}
