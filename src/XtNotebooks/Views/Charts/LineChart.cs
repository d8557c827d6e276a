using Plotly.NET;
using XtNotebooks.Extensibility;

namespace XtNotebooks.Views;

/// <summary>Lines over a common axis, in one panel or several side by side, each line named where it ends.</summary>
/// <remarks>Drawn with Plotly by itself, offline; a static picture and a table stay where scripts are stripped.</remarks>
[TypeFormatterSource(typeof(ViewFormatterSource))]
public sealed record LineChart : IPlotlyView
{
    private const int MostPoints = 2_000;

    /// <summary>What the chart says, in a sentence; parts in backticks are code.</summary>
    public required string Sentence { get; init; }

    /// <summary>What runs along the horizontal axis, for example "step".</summary>
    public required string XLabel { get; init; }

    /// <summary>The panels from left to right.</summary>
    public required IReadOnlyList<ChartPanel> Panels { get; init; }

    /// <summary>Whether all panels share one vertical scale, so that heights compare across them.</summary>
    public bool SharedScale { get; init; } = true;

    /// <summary>The height of the picture in pixels.</summary>
    public int Height { get; init; } = 360;

    /// <summary>The width of the static picture in pixels.</summary>
    public int Width { get; init; } = 940;

    /// <summary>Numbers that stand below the picture; null for none.</summary>
    public ViewTable? Summary { get; init; }

    /// <summary>Whether each panel has one line, and all of them one style: then no dash has to tell them apart.</summary>
    internal bool IsOfOneStyle => Panels.All(panel => panel.Lines.Count == 1) && Panels.Select(panel => panel.Lines[0].Style).Distinct().Count() == 1;

    /// <summary>A line's dash by Plotly's name.</summary>
    internal string Dash(ChartLine line) => IsOfOneStyle ? "solid" : Palette.PlotlyDashes[line.Style % Palette.PlotlyDashes.Count];

    /// <summary>A second chart, shown as a picture below, and as a second row of the Plotly.NET figure; null for none.</summary>
    public LineChart? Below { get; init; }

    /// <summary>The chart as a Plotly.NET figure, to style or combine further.</summary>
    public GenericChart ToPlotly() => PlotlyFigure.ToPlotlyNet(LineChartFigure.Of(this, whole: true));

    /// <summary>The chart as an XPlot.Plotly figure; of one panel, with the lines of the chart <see cref="Below"/> in the legend, to be shown by a click there.</summary>
    /// <exception cref="NotSupportedException">It has more than two panels, which XPlot's layout cannot hold.</exception>
    public XPlot.Plotly.PlotlyChart ToXPlot() => LineChartXPlot.Of(this);

    /// <summary>The chart as a static picture.</summary>
    public string ToSvg() => LineChartSvg.Write(this);

    /// <summary>The figure as JSON, <see cref="Below"/> as its second row: a front end that knows Plotly's figures shows nothing else. Of lines with more than
    /// some thousand points the lowest and the highest of each stretch.</summary>
    public string ToFigureJson() => LineChartFigure.Of(LineChartThinning.Of(this, MostPoints), whole: true).ToJsonString(PlotlyFigure.Json);

    /// <inheritdoc/>
    public string ToHtml() => LineChartHtml.Write(this);

    /// <inheritdoc/>
    public string ToText() => LineChartHtml.Text(this);
}

/// <summary>One panel of a chart.</summary>
/// <param name="Title">What it shows.</param>
/// <param name="YLabel">What its vertical axis measures, with its unit.</param>
/// <param name="Lines">Its lines; a line of the same <see cref="ChartLine.Style"/> looks the same in every panel.</param>
public sealed record ChartPanel(string Title, string YLabel, IReadOnlyList<ChartLine> Lines)
{
    /// <summary>"Title (unit)", or the title alone where no unit is known.</summary>
    internal string Heading => YLabel.Length > 0 ? $"{Title} ({YLabel})" : Title;
}

/// <summary>One line of a chart.</summary>
/// <param name="Name">A short name, written where the line ends.</param>
/// <param name="X">Ascending.</param>
/// <param name="Y">As many values; NaN leaves a gap.</param>
/// <param name="Style">Which colour and dash; lines of one meaning share a number across panels.</param>
public sealed record ChartLine(string Name, IReadOnlyList<double> X, IReadOnlyList<double> Y, int Style)
{
    /// <summary>The unsmoothed values, drawn faintly behind the line; null where <see cref="Y"/> is not smoothed.</summary>
    public IReadOnlyList<double>? Raw { get; init; }

    /// <summary>A line smoothed by a mean around each point that keeps the trend at the line's end, the raw values kept behind it.</summary>
    /// <remarks>
    /// <para>Each value is that of the straight line which fits the points of a window best. Around a point, that is their mean; in the last half window,
    /// where nothing lies ahead, the line goes on as the last points do, where a mean of them would stand still or lag behind. It is never above the
    /// highest of them nor below the lowest. The window begins narrow, so that the first value stays what it was, and is no wider than a third of the
    /// line. Of a long line, points that come later change the last half window alone.</para>
    /// <para>Source: Savitzky and Golay, Smoothing and differentiation of data by simplified least squares procedures (1964), of first order.</para>
    /// </remarks>
    /// <param name="name">A short name, written where the line ends.</param>
    /// <param name="x">Ascending.</param>
    /// <param name="y">As many values; NaN is passed over.</param>
    /// <param name="style">Which colour and dash.</param>
    /// <param name="window">Over about how many points it is averaged, half of them on either side; 1 or less for none.</param>
    public static ChartLine Smoothed(string name, IReadOnlyList<double> x, IReadOnlyList<double> y, int style, int window)
    {
        ArgumentNullException.ThrowIfNull(x);
        ArgumentNullException.ThrowIfNull(y);
        if (x.Count != y.Count)
            throw new ArgumentException($"The line '{name}' has {x.Count} positions and {y.Count} values; it needs as many.", nameof(y));
        return window <= 1 ? new ChartLine(name, x, y, style) : new ChartLine(name, x, ChartSmoothing.Of(x, y, window), style) { Raw = y };
    }

    /// <summary>The last value that is a number; NaN where there is none.</summary>
    internal (double X, double Y) End
    {
        get
        {
            for (var i = Y.Count - 1; i >= 0; i--)
            {
                if (double.IsFinite(Y[i]))
                    return (X[i], Y[i]);
            }
            return (double.NaN, double.NaN);
        }
    }
}
