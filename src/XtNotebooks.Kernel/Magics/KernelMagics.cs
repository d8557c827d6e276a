using XtNotebooks.Kernel.Scripting;

namespace XtNotebooks.Kernel.Magics;

/// <summary>The magics that every notebook has.</summary>
internal static class KernelMagics
{
    public static void AddTo(CodeSession session)
    {
    }
}
