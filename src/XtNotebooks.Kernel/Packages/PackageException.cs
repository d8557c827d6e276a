namespace XtNotebooks.Kernel.Packages;

/// <summary>Why packages could not be had, in one line.</summary>
internal sealed class PackageException(string message) : Exception(message);
