namespace XtNotebooks.Kernel.Packages;

/// <summary>What a restore found: every package it needs, in the order of reference, dependencies after what asked for them.</summary>
/// <param name="Packages">The packages.</param>
/// <param name="Notes">What the reader should know, for example that another version than the one asked for was taken.</param>
internal sealed record PackageSet(IReadOnlyList<ResolvedPackage> Packages, IReadOnlyList<string> Notes)
{
    /// <summary>Whether all of it still lies where it was found.</summary>
    public bool Exists() => Packages.All(package =>
        package.References.Concat(package.Assemblies).All(File.Exists) && package.NativeDirectories.All(Directory.Exists));
}

/// <param name="Id">Its name.</param>
/// <param name="Version">The version that was chosen.</param>
/// <param name="References">What cells compile against.</param>
/// <param name="Assemblies">What is loaded.</param>
/// <param name="Resources">Translated texts, by their full path.</param>
/// <param name="NativeDirectories">Folders with its native libraries; never copied, because they can hold hundreds of megabytes.</param>
/// <param name="Extensions">Those of its assemblies that refer to the extension contract.</param>
internal sealed record ResolvedPackage(
    string Id,
    string Version,
    IReadOnlyList<string> References,
    IReadOnlyList<string> Assemblies,
    IReadOnlyList<string> Resources,
    IReadOnlyList<string> NativeDirectories,
    IReadOnlyList<string> Extensions);
