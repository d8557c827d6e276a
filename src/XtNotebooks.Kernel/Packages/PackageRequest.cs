namespace XtNotebooks.Kernel.Packages;

/// <summary>A package that a cell asks for.</summary>
/// <param name="Id">Its name.</param>
/// <param name="Range">A version (the lowest wanted), a range such as <c>[1.0,2.0)</c>, a floating one such as <c>1.*</c>, <c>*-*</c> for
/// the latest pre-release; <c>*</c> for the latest release.</param>
internal sealed record PackageRequest(string Id, string Range)
{
    /// <summary>Whether the answer depends on what the feeds have today.</summary>
    public bool IsFloating => Range.Contains('*', StringComparison.Ordinal);

    /// <summary>Reads what stands behind <c>nuget:</c>.</summary>
    /// <exception cref="PackageException">There is no name.</exception>
    public static PackageRequest Parse(string text)
    {
        var comma = text.IndexOf(',', StringComparison.Ordinal);
        var id = (comma < 0 ? text : text[..comma]).Trim();
        var range = comma < 0 ? "" : text[(comma + 1)..].Trim();
        if (id.Length == 0 || !id.All(c => char.IsLetterOrDigit(c) || c is '.' or '_' or '-'))
            throw new PackageException(
                $"#r \"nuget: {text.Trim()}\" names no package; write #r \"nuget: Name\" or #r \"nuget: Name, Version\".");
        return new PackageRequest(id, range.Length == 0 ? "*" : range);
    }

    public override string ToString() => Range == "*" ? Id : $"{Id} {Range}";
}
