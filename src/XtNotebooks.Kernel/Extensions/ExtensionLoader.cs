using System.Reflection;
using XtNotebooks.Extensibility;
using XtNotebooks.Kernel.Packages;
using XtNotebooks.Kernel.Scripting;

namespace XtNotebooks.Kernel.Extensions;

/// <summary>Loads the extensions that referenced packages bring, each once.</summary>
internal sealed class ExtensionLoader(CodeSession session)
{
    private readonly HashSet<string> _loaded = new(StringComparer.OrdinalIgnoreCase);

    /// <exception cref="PackageException">The extension cannot be loaded or fails.</exception>
    public void Load(ResolvedPackage package)
    {
        foreach (var path in package.Extensions)
        {
            if (_loaded.Contains(Path.GetFileName(path)))
                continue;
            var types = ExtensionTypes(session.LoadContext.LoadFromAssemblyPath(path), package);
            if (types.Count > 1)
            {
                throw new PackageException(
                    $"{package.Id} {package.Version} has {types.Count} public extensions in {Path.GetFileName(path)} "
                    + $"({string.Join(", ", types.Select(type => type.Name))}); a package may have one.");
            }
            if (types.Count == 1)
                Start(types[0], package);
            _loaded.Add(Path.GetFileName(path));
        }
    }

    private static List<Type> ExtensionTypes(Assembly assembly, ResolvedPackage package)
    {
        try
        {
            return [.. assembly.GetExportedTypes()
                .Where(type => type is { IsClass: true, IsAbstract: false } && typeof(INotebookExtension).IsAssignableFrom(type))];
        }
        catch (Exception exception) when (exception is TypeLoadException or ReflectionTypeLoadException or IOException)
        {
            throw new PackageException(
                $"The extension of {package.Id} {package.Version} does not fit this host: {CellErrors.FirstLine(exception.Message)}");
        }
    }

    private void Start(Type type, ResolvedPackage package)
    {
        try
        {
            ((INotebookExtension)Activator.CreateInstance(type)!).Load(session.Notebook);
        }
        catch (Exception exception) when (exception is not OperationCanceledException)
        {
            var cause = exception is TargetInvocationException { InnerException: { } inner } ? inner : exception;
            throw new PackageException(
                $"The extension of {package.Id} {package.Version} failed to load: {CellErrors.FirstLine(cause.Message)} ({cause.GetType().Name})");
        }
    }
}
