using System.Globalization;
using TorchSharp;
using XtNotebooks.Extensibility;
using XtNotebooks.Transformers.Native;

namespace XtNotebooks;

/// <summary>What <c>#r "nuget: XtNotebooks"</c> runs: loads libtorch, adds the magics and what <c>check</c> tells of them.</summary>
public sealed class XtNotebooksExtension : INotebookExtension
{
    /// <inheritdoc/>
    public void Load(INotebook notebook)
    {
        ArgumentNullException.ThrowIfNull(notebook);
        notebook.AddReport(new("libtorch", ReportKind.Check, () => LibTorch.Describe(notebook.NativeLibraryDirectories)));
        notebook.AddReport(new("CUDA", ReportKind.Check, Devices));
        notebook.AddReport(new("tensors", ReportKind.Memory, LiveTensors));
        foreach (var magic in Magics.All)
            notebook.AddMagic(magic);
        Views.ViewMagics.RegisterFormatters(notebook);
        Views.TensorLog.Watch(notebook);
        try
        {
            LibTorch.EnsureLoaded(notebook.NativeLibraryDirectories);
        }
        catch (LibTorchException e)
        {
            // The next cell may reference a backend: then TorchSharp's first use loads it.
            notebook.Display(MimeBundle.Text(e.Message));
            LibTorch.LoadOnFirstUse(() => notebook.NativeLibraryDirectories);
        }
    }

    private static string Devices()
    {
        if (LibTorch.Loaded is null)
            return "unknown: libtorch is not loaded";
        if (!torch.cuda.is_available())
            return "no CUDA device that libtorch can use";
        return string.Create(CultureInfo.InvariantCulture, $"{torch.cuda.device_count()} CUDA device(s)");
    }

    private static string LiveTensors() => LibTorch.Loaded is null ? "none: libtorch is not loaded"
        : string.Create(CultureInfo.InvariantCulture, $"{torch.Tensor.TotalCount:#,0} alive, {torch.Tensor.PeakCount:#,0} at most so far; #!xt-tensors tells where");
}
