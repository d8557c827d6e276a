using System.Globalization;
using System.Text.Json;

namespace XtNotebooks.Views;

/// <summary>Where an axis of a Plotly figure puts values: numbers and dates as far apart as they are, numbers on a logarithmic axis by their size, texts in turn.</summary>
internal sealed class StillAxis
{
    private enum Kind { Number, Logarithm, Date, Category }

    /// <summary>Beyond it a range has no width that a double can hold.</summary>
    private const double Largest = 1e150;

    private const int MostLabels = 12;

    private readonly Kind kind;
    private readonly Dictionary<string, int> places = [];
    private readonly List<string> names = [];
    private readonly (double From, double To)? range;

    /// <param name="layout">The axis of the figure's layout, if it has one.</param>
    /// <param name="values">All values that lie along it.</param>
    public StillAxis(JsonElement? layout, IReadOnlyList<JsonElement> values)
    {
        kind = FigureJson.Label(layout, "type") switch
        {
            "log" => Kind.Logarithm,
            "category" or "multicategory" => Kind.Category,
            "linear" => Kind.Number,
            "date" => Kind.Date,
            _ => values.All(value => IsNothing(value) || Read(value) is not null) ? Kind.Number
                : values.All(value => IsNothing(value) || Date(value) is not null) ? Kind.Date : Kind.Category,
        };
        Title = FigureJson.Label(layout, "title") ?? "";
        range = kind != Kind.Date && FigureJson.Pair(layout, "range") is { } given && given.From != given.To && Math.Max(Math.Abs(given.From), Math.Abs(given.To)) < Largest ? given : null;
        IsReversed = FigureJson.Label(layout, "autorange") == "reversed" || range is { } r && r.From > r.To;
    }

    public string Title { get; }

    /// <summary>Whether the figure says how far it reaches.</summary>
    public bool HasRange => range is not null;

    /// <summary>Whether it runs from right to left, or from top to bottom.</summary>
    public bool IsReversed { get; }

    /// <summary>The place of 0 where the axis has one, from which bars rise.</summary>
    public double Ground(IEnumerable<double> tops) => kind == Kind.Logarithm ? Math.Floor(tops.Where(double.IsFinite).DefaultIfEmpty(0).Min()) : 0;

    /// <summary>A value's place; NaN where it has none.</summary>
    public double Place(JsonElement value)
    {
        if (IsNothing(value))
            return double.NaN;
        return kind switch
        {
            Kind.Date => Date(value) ?? double.NaN,
            Kind.Category => Category(value.ToString()),
            _ => Place(Read(value) ?? double.NaN),
        };
    }

    /// <inheritdoc cref="Place(JsonElement)"/>
    public double Place(double value) => kind == Kind.Logarithm ? value > 0 ? Math.Log10(value) : double.NaN : Math.Abs(value) < Largest ? value : double.NaN;

    /// <summary>From where to where it reaches, and its ticks.</summary>
    /// <param name="at">All places on it, the edges of bars and cells among them.</param>
    /// <param name="tight">Whether it ends where they do, or at a round tick.</param>
    public ChartScale Scale(IEnumerable<double> at, bool tight)
    {
        if (range is { } r)
            return ChartScale.Tight([r.From, r.To]);
        if (kind == Kind.Category)
        {
            var stride = Math.Max(1, (int)Math.Ceiling(names.Count / (double)MostLabels));
            return new ChartScale(-0.5, Math.Max(1, names.Count) - 0.5, [.. Enumerable.Range(0, names.Count).Where(i => i % stride == 0).Select(i => (double)i)]);
        }
        var scale = tight ? ChartScale.Tight(at) : ChartScale.Around(at);
        if (kind != Kind.Logarithm || scale.High - scale.Low < 2)
            return scale;
        // Powers of ten, not places between them.
        var (low, high) = ((int)Math.Ceiling(scale.Low), (int)Math.Floor(scale.High));
        var step = Math.Max(1, (high - low) / 5);
        return scale with { Ticks = [.. Enumerable.Range(0, (high - low) / step + 1).Select(i => (double)(low + i * step))] };
    }

    /// <summary>What is written at a tick.</summary>
    public string Label(double tick) => kind switch
    {
        Kind.Logarithm => Words.Short(Math.Pow(10, tick)),
        Kind.Date => Math.Abs(tick) < 3_000_000 ? Written(DateTime.UnixEpoch.AddDays(tick)) : "",
        Kind.Category => (int)tick is var i && i == tick && i >= 0 && i < names.Count ? Cut(names[i]) : "",
        _ => ChartScale.Label(tick),
    };

    /// <summary>What is written beside a mark that is there.</summary>
    public string Value(double place) => double.IsNaN(place) ? "–" : kind switch
    {
        Kind.Number => Words.Value(place),
        _ => Label(place),
    };

    /// <summary>Whether its values are texts in turn.</summary>
    public bool IsCategory => kind == Kind.Category;

    private static string Written(DateTime time) => time.AddSeconds(0.5) is var near && near.TimeOfDay < TimeSpan.FromSeconds(1)
        ? near.ToString("yyyy-MM-dd", CultureInfo.InvariantCulture) : near.ToString("MM-dd HH:mm", CultureInfo.InvariantCulture);

    private static string Cut(string name) => name.Length <= 12 ? name : name[..11] + "…";

    private int Category(string name)
    {
        if (!places.TryGetValue(name, out var place))
        {
            place = places[name] = names.Count;
            names.Add(FigureJson.Plain(name));
        }
        return place;
    }

    private static bool IsNothing(JsonElement value) => value.ValueKind is JsonValueKind.Null or JsonValueKind.Undefined;

    private static double? Read(JsonElement value) => value.ValueKind switch
    {
        JsonValueKind.Number => value.GetDouble(),
        JsonValueKind.String when double.TryParse(value.GetString(), NumberStyles.Float, CultureInfo.InvariantCulture, out var number) => number,
        _ => null,
    };

    private static double? Date(JsonElement value) => value.ValueKind == JsonValueKind.String && value.GetString() is { Length: >= 7 } text && text[4] == '-'
        && DateTime.TryParse(text, CultureInfo.InvariantCulture, DateTimeStyles.AssumeUniversal | DateTimeStyles.AdjustToUniversal, out var time)
        ? (time - DateTime.UnixEpoch).TotalDays : null;
}
