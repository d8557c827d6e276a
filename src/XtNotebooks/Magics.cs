using XtNotebooks.Extensibility;

namespace XtNotebooks;

/// <summary>The magics of this package; each lives with its feature.</summary>
internal static class Magics
{
    public static IReadOnlyList<MagicCommand> All { get; } =
        [Training.TrainMagic.Command, Training.CompareMagic.Command, Generation.GenerateMagic.Command, Diagnostics.DoctorMagic.Command, .. Views.ViewMagics.All];
}
