namespace XtNotebooks;

/// <summary>What is changed about a figure's legend, whoever made the figure.</summary>
/// <remarks>Compiled into the package and into the tool, as both draw figures.</remarks>
internal static class FigureLegend
{
    /// <summary>A style rule's end, to stand behind the selector of a figure's place: Plotly halves the opacity of names whose traces are switched off,
    /// which leaves its own text a contrast of 2.6 : 1 on white; so faint they keep the 4.5 : 1 of WCAG 2.2, and are still paler than the others.</summary>
    public const string Rule = " .legend .traces[style*=\"opacity: 0.5\"]{opacity:.75!important}";
}
