using System.Runtime.CompilerServices;
using TorchSharp;
using XtNotebooks.Transformers.Native;

namespace XtNotebooks.Testing;

/// <summary>Tests run beside each other, one to a core: torch's own threads would only wait, spinning, for cores that other tests have.</summary>
internal static class OneThread
{
    [ModuleInitializer]
    internal static void PerOperation()
    {
        LibTorch.LoadAtStartup();
        torch.set_num_threads(1);
    }
}
