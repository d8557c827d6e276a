namespace XtNotebooks.Views;

/// <summary>One trace as it is drawn, at places on its panel's axes.</summary>
/// <param name="Name">As the legend has it; empty where it needs none.</param>
/// <param name="Style">Which colour and dash.</param>
internal abstract record StillMark(string Name, int Style)
{
    public abstract IEnumerable<double> Xs { get; }

    public abstract IEnumerable<double> Ys { get; }

    /// <summary>What it shows, for those who do not see it.</summary>
    /// <param name="y">Its panel's vertical axis.</param>
    public abstract string Told(StillAxis y);
}

/// <summary>A line, markers, or both.</summary>
/// <param name="Name">As the legend has it.</param>
/// <param name="Style">Which colour and dash.</param>
/// <param name="X">Places along the horizontal axis; NaN for none.</param>
/// <param name="Y">As many places along the vertical axis.</param>
/// <param name="Line">Whether a line joins them.</param>
/// <param name="Markers">Whether each is marked.</param>
/// <param name="Faint">Whether it stands behind another line as its values before smoothing.</param>
internal sealed record StillCurve(string Name, int Style, IReadOnlyList<double> X, IReadOnlyList<double> Y, bool Line, bool Markers, bool Faint) : StillMark(Name, Style)
{
    public override IEnumerable<double> Xs => X;

    public override IEnumerable<double> Ys => Y;

    /// <summary>The last place that has both coordinates; null where none has.</summary>
    public (double X, double Y)? End => Enumerable.Range(0, Y.Count).Reverse().Where(i => double.IsFinite(X[i]) && double.IsFinite(Y[i])).Select(i => ((double, double)?)(X[i], Y[i])).FirstOrDefault();

    public override string Told(StillAxis y) => Line
        ? $"{y.Value(Y.FirstOrDefault(double.IsFinite, double.NaN))} → {y.Value(End?.Y ?? double.NaN)}"
        : $"{Words.Count(Y.Count(double.IsFinite), "point")}";
}

/// <summary>Bars or the bins of a histogram.</summary>
internal sealed record StillBars(string Name, int Style, IReadOnlyList<StillBar> Bars) : StillMark(Name, Style)
{
    public override IEnumerable<double> Xs => Bars.SelectMany(bar => new[] { bar.Left, bar.Right });

    public override IEnumerable<double> Ys => Bars.SelectMany(bar => new[] { bar.Bottom, bar.Top });

    public override string Told(StillAxis y) => Words.Count(Bars.Count, "bar");
}

/// <summary>One bar's edges.</summary>
internal readonly record struct StillBar(double Left, double Right, double Bottom, double Top);

/// <summary>A grid of values as colours; rows from the bottom.</summary>
/// <param name="Name">As the legend has it.</param>
/// <param name="Style">Which colour and dash.</param>
/// <param name="X">The columns' edges, one more than columns.</param>
/// <param name="Y">The rows' edges, one more than rows.</param>
/// <param name="Z">The rows' values; NaN where there is none.</param>
internal sealed record StillCells(string Name, int Style, IReadOnlyList<double> X, IReadOnlyList<double> Y, IReadOnlyList<double[]> Z) : StillMark(Name, Style)
{
    public override IEnumerable<double> Xs => X;

    public override IEnumerable<double> Ys => Y;

    public override string Told(StillAxis y) => $"{Words.Number(Y.Count - 1)} × {Words.Number(X.Count - 1)} cells, {Words.Value(Low)} to {Words.Value(High)}";

    public double Low { get; } = Z.SelectMany(row => row).Where(double.IsFinite).DefaultIfEmpty(0).Min();

    public double High { get; } = Z.SelectMany(row => row).Where(double.IsFinite).DefaultIfEmpty(0).Max();
}

/// <summary>One pair of axes with what lies over it.</summary>
/// <param name="Title">What stands above it.</param>
/// <param name="YLabel">What its vertical axis measures.</param>
/// <param name="X">Its horizontal axis.</param>
/// <param name="Y">Its vertical axis.</param>
/// <param name="Marks">What is drawn, from the back to the front.</param>
/// <param name="Top">The upper end of its place in the figure, from 0 to 1.</param>
/// <param name="Share">How much of the figure's height it has.</param>
/// <param name="Left">The left end of its place in the figure, from 0 to 1.</param>
internal sealed record StillPanel(string Title, string YLabel, StillAxis X, StillAxis Y, IReadOnlyList<StillMark> Marks, double Top, double Share, double Left)
{
    /// <summary>The panels whose vertical axis is this one's or matches it compare by height.</summary>
    public required string YName { get; init; }
}
