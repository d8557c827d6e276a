using System.Text.Json;
using System.Text.Json.Nodes;
using DynamicObj;
using Microsoft.FSharp.Collections;
using Plotly.NET;

namespace XtNotebooks.Views;

/// <summary>A figure as JSON and as Plotly.NET's own objects.</summary>
internal static class PlotlyFigure
{
    /// <summary>Everything outside ASCII and everything that could end a script element is escaped.</summary>
    public static JsonSerializerOptions Json { get; } = new();

    public static GenericChart ToPlotlyNet(JsonObject figure)
    {
        var traces = figure["data"]!.AsArray().Select(node =>
        {
            var trace = new Trace2D((string)node!["type"]!);
            return (Trace)Fill(trace, node.AsObject());
        });
        return GenericChart.setLayout((Layout)Fill(new Layout(), figure["layout"]!.AsObject()),
            GenericChart.ofTraceObjects(false, ListModule.OfSeq(traces)));
    }

    private static DynamicObj.DynamicObj Fill(DynamicObj.DynamicObj target, JsonObject from)
    {
        foreach (var (name, node) in from)
        {
            if (name != "type" || target is not Trace)
                target.SetProperty(name, Value(node));
        }
        return target;
    }

    private static object? Value(JsonNode? node) => node switch
    {
        null => null,
        JsonArray array => array.Select(Value).ToArray(),
        JsonObject child => Fill(new DynamicObj.DynamicObj(), child),
        _ => node.GetValueKind() switch
        {
            JsonValueKind.True => true,
            JsonValueKind.False => false,
            JsonValueKind.Number => node.AsValue().TryGetValue<int>(out var whole) ? whole : node.AsValue().GetValue<double>(),
            _ => node.AsValue().GetValue<string>(),
        },
    };
}
