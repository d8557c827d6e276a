using System.IO.Compression;

namespace XtNotebooks.Views;

/// <summary>Draws a Plotly figure without a network, from the plotly.js that Plotly.NET embeds.</summary>
/// <remarks>
/// Every output carries the whole script, compressed, in an element that runs nothing; so each draws by itself whatever other outputs were
/// cleared. The page unpacks and runs it once: the first output leaves the promise in <c>window.xtScripts</c>, under the name that the
/// element's <c>data-xt-script</c> gives. A page that holds many outputs may keep the first element of each name and drop the others: an
/// output without one takes any other of the page. AMD loaders and a Plotly the page already has are not touched.
/// </remarks>
internal static class OfflinePlotly
{
    /// <summary>The script's name and version, the value of <c>data-xt-script</c>.</summary>
    public const string Name = "plotly.js/2.28.0";

    private const string Resource = "Plotly.NET.plotly-2.28.0.min.js";

    private static readonly Lazy<string> payload = new(Pack);

    /// <summary>The element that holds the script: gzip, then base64.</summary>
    public static Html Payload => new($"<script type=\"text/plain\" data-xt-script=\"{Name}\">{payload.Value}</script>\n");

    /// <summary>The place of the figure, with the picture that stands in for it, and what draws it.</summary>
    /// <param name="figureJson">An object with <c>data</c> and <c>layout</c>.</param>
    /// <param name="still">What is seen until, and unless, the script draws.</param>
    /// <param name="themed">Whether the view's own colours replace the figure's texts, grid and background.</param>
    public static (Html Place, string Script) Draw(string figureJson, Html still, bool themed)
    {
        var place = Html.Of($"<div class=\"plot\"><div class=\"still\">{still}</div></div>\n");
        return (place, Script
            .Replace("SCRIPTNAME", Name, StringComparison.Ordinal)
            .Replace("THEMED", themed ? "true" : "false", StringComparison.Ordinal)
            .Replace("FIGURE", HtmlText.ForScript(figureJson).Value, StringComparison.Ordinal));
    }

    private static string Pack()
    {
        using var source = typeof(Plotly.NET.GenericChart).Assembly.GetManifestResourceStream(Resource)
            ?? throw new InvalidOperationException($"Plotly.NET no longer embeds {Resource}; pin Plotly.NET 6.0.0.");
        using var packed = new MemoryStream();
        using (var gzip = new GZipStream(packed, CompressionLevel.SmallestSize, leaveOpen: true))
            source.CopyTo(gzip);
        return Convert.ToBase64String(packed.GetBuffer(), 0, (int)packed.Length);
    }

    /// <summary>Rules of a place that a figure is drawn in; its tools show themselves to the focus as to the pointer, and what waits in
    /// its legend can be read.</summary>
    public const string Css = $$$"""
        .xt-chart{overflow:hidden}
        .xt-chart img{max-width:100%;height:auto}
        .xt-chart .still[hidden]{display:none}
        .xt-chart{{{FigureLegend.Rule}}}
        .xt-chart .plotly .modebar--hover:focus-within>:not(.watermark){opacity:1}
        .xt-chart .js-plotly-plot .plotly [data-title]:focus-visible:before,.xt-chart .js-plotly-plot .plotly [data-title]:focus-visible:after{display:block;opacity:1}

        """;

    // The figure's tools are one stop of the Tab key, among which the arrow keys move. A failure of any kind leaves the static picture where it is.
    private const string Script = $$$"""
        const name='SCRIPTNAME',themed=THEMED,figure=FIGURE;
        {{{PackedScript.Load}}}
        library.then(async plotly=>{
        const plot=root.querySelector('.plot'),still=plot.querySelector('.still'),live=document.createElement('div');
        plot.append(live);
        if(themed){
        const css=getComputedStyle(root),fg=css.getPropertyValue('--fg').trim(),line=css.getPropertyValue('--line').trim(),l=figure.layout;
        l.paper_bgcolor=l.plot_bgcolor='rgba(0,0,0,0)';
        l.font=Object.assign({color:fg,family:css.fontFamily,size:12},l.font);
        l.modebar=Object.assign({bgcolor:'rgba(0,0,0,0)',color:css.getPropertyValue('--muted').trim(),activecolor:fg},l.modebar);
        l.hoverlabel=Object.assign({bgcolor:css.getPropertyValue('--soft').trim(),font:{color:fg}},l.hoverlabel);
        for(const k in l)if(/^[xy]axis/.test(k))Object.assign(l[k],{gridcolor:line,linecolor:line});
        }
        still.hidden=true;
        try{await plotly.newPlot(live,figure.data,figure.layout,Object.assign({responsive:true,displaylogo:false},figure.config));
        const tools=()=>{const all=[...live.querySelectorAll('.modebar-btn')];all.forEach((b,i)=>{
        if(b.getAttribute('role'))return;
        b.setAttribute('role','button');b.setAttribute('aria-label',b.dataset.title);b.tabIndex=i?-1:0;
        b.onkeydown=e=>{const n=all[i+({ArrowLeft:-1,ArrowRight:1}[e.key]||0)];
        if(e.key==='Enter'||e.key===' ')b.click();else if(n&&n!==b){b.tabIndex=-1;n.tabIndex=0;n.focus()}else return;
        e.preventDefault();e.stopPropagation()}})};
        tools();live.on('plotly_afterplot',tools)}
        catch(e){live.remove();still.hidden=false;console.error(e)}
        }).catch(e=>{delete all[name];console.error(e)});
        """;
}
