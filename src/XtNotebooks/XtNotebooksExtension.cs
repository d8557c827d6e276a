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
            notebook.AddMagic(WithLibTorch(magic));
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

    /// <summary>Says the lines to add before TorchSharp is touched: once it has failed to start, it fails until the notebook is restarted.</summary>
    private static MagicCommand WithLibTorch(MagicCommand magic) => magic with
    {
        Run = (call, cancellationToken) =>
        {
            try
            {
                LibTorch.EnsureLoaded(call.Notebook.NativeLibraryDirectories);
            }
            catch (LibTorchException e)
            {
                throw new MagicException(e.Message, e);
            }
            return magic.Run(call, cancellationToken);
        },
    };

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
