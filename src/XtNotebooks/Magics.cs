using XtNotebooks.Extensibility;

namespace XtNotebooks;

/// <summary>The magics of this package; each lives with its feature.</summary>
internal static class Magics
{
    public static IReadOnlyList<MagicCommand> All { get; } = [.. Views.ViewMagics.All];
}
