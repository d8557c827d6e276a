using XtNotebooks.Extensibility;

namespace XtNotebooks.Views;

/// <summary>The magics that show something, and the formatters for other people's types.</summary>
internal static class ViewMagics
{
    public static IEnumerable<MagicCommand> All =>
        [MaskMagic.Command, LossMagic.Command, LogitsMagic.Command, AttentionMagic.Command, ModelMagic.Command, TensorsMagic.Command];

    /// <summary>Registers how tensors, modules and Plotly figures are shown; a package's own types are found by their attribute.</summary>
    public static void RegisterFormatters(INotebook notebook)
    {
        TensorView.Register(notebook);
        ModelView.Register(notebook);
        PlotlyFigures.Register(notebook);
    }
}
