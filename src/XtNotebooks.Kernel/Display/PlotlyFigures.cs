using System.Reflection;
using System.Text.Json;
using System.Text.Json.Nodes;
using XtNotebooks.Views;

namespace XtNotebooks.Kernel.Display;

/// <summary>Figures of Plotly.NET and XPlot.Plotly, drawn without a network. The libraries are the notebook's, so they are used by
/// reflection.</summary>
/// <remarks>
/// Places that strip scripts have pictures of what the package's figures have pictures of, by the same code.
/// Each figure's HTML holds the drawing script, compressed, in an element that runs nothing, so every output draws by itself. A page that
/// shows several may keep the first element of a <c>data-xt-script</c> name and drop the others.
/// </remarks>
internal static class PlotlyFigures
{
    private const string PlotlyNet = "Plotly.NET";
    private const string XPlot = "XPlot.Plotly";
    private const string Json = "application/vnd.plotly.v1+json";

    public static bool TryAdd(object value, Dictionary<string, string> data)
    {
        var figure = BaseTypes(value.GetType()).Select(type => (type.Namespace, type.Name) switch
        {
            (PlotlyNet, "GenericChart") => FromPlotlyNet(type, value),
            (XPlot, "PlotlyChart") => FromXPlot(type, value),
            _ => null,
        }).FirstOrDefault(json => json is not null);
        if (figure is null)
            return false;
        var json = figure.ToJsonString();
        var still = FigureStill.Read(json);
        data[Json] = json;
        data["text/plain"] = still.Text;
        data["text/html"] = Html(json, still, PlotlyScript.For(value.GetType().Assembly));
        return true;
    }

    private static IEnumerable<Type> BaseTypes(Type type)
    {
        for (var current = type; current is not null; current = current.BaseType)
            yield return current;
    }

    private static JsonObject? FromPlotlyNet(Type type, object value)
    {
        var module = type.Assembly.GetType("Plotly.NET.GenericChartModule") ?? type.Assembly.GetType("Plotly.NET.GenericChart");
        var write = module?.GetMethods(BindingFlags.Public | BindingFlags.Static)
            .FirstOrDefault(method =>
                method.Name == "toFigureJson" && method.GetParameters() is [var only] && only.ParameterType.IsInstanceOfType(value));
        return write?.Invoke(null, [value]) is string json ? Parse(json) : null;
    }

    /// <summary>XPlot writes its figure into a script and nowhere else.</summary>
    private static JsonObject? FromXPlot(Type type, object value)
    {
        if (type.GetMethod("GetPlottingJS", Type.EmptyTypes)?.Invoke(value, null) is not string script
            || Statement(script, "var data = ") is not { } data)
            return null;
        var figure = new JsonObject { ["data"] = JsonNode.Parse(data) };
        if (Statement(script, "var layout = ") is { } layout && Parse(layout) is { } parsed)
            figure["layout"] = parsed;
        return figure;
    }

    private static string? Statement(string script, string start)
    {
        var from = script.IndexOf(start, StringComparison.Ordinal);
        if (from < 0)
            return null;
        from += start.Length;
        // JSON escapes line ends, so a statement ends with its line.
        var to = script.IndexOf('\n', from);
        return (to < 0 ? script[from..] : script[from..to]).TrimEnd().TrimEnd(';') is { Length: > 0 } text && text != "\"\"" ? text : null;
    }

    private static JsonObject? Parse(string json)
    {
        try
        {
            return JsonNode.Parse(json) as JsonObject;
        }
        catch (JsonException)
        {
            return null;
        }
    }

    private static string Html(string figure, FigureStill still, PlotlyScript script)
    {
        var id = "xt-plot-" + Guid.NewGuid().ToString("N");
        // '<' is the only sign that could end the element early; JSON reads its escape as the same character.
        var json = figure.Replace("<", "\\u003c", StringComparison.Ordinal);
        return $"<style>#{id}{FigureLegend.Rule}</style><div id=\"{id}\"><div class=\"still\">{still.Html}</div></div>\n"
            + $"<script type=\"text/plain\" data-xt-script=\"{script.Name}\">{script.Payload}</script>\n"
            + "<script>" + Draw.Replace("PLACE", id, StringComparison.Ordinal)
                .Replace("NAME", script.Name, StringComparison.Ordinal)
                .Replace("FIGURE", json, StringComparison.Ordinal) + "</script>";
    }

    // The text and the pictures stay where anything fails. AMD loaders and a Plotly that the page has already are not touched.
    private const string Draw = $$$"""
        (()=>{const name='NAME',root=document.getElementById('PLACE'),figure=FIGURE;
        {{{PackedScript.Load}}}
        library.then(async plotly=>{
        const live=document.createElement('div');root.append(live);
        await plotly.newPlot(live,figure.data,figure.layout,Object.assign({responsive:true,displaylogo:false},figure.config));
        root.querySelector('.still').hidden=true;
        }).catch(e=>{delete all[name];console.error(e)})})();
        """;
}
