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

    // A failure of any kind leaves the static picture where it is.
    private const string Script = """
        const name='SCRIPTNAME',themed=THEMED,figure=FIGURE;
        const all=window.xtScripts=window.xtScripts||{};
        const unpack=async()=>{
        const q='script[data-xt-script="'+name+'"]',holder=root.querySelector(q)||document.querySelector(q);
        const bytes=Uint8Array.from(atob(holder.textContent.trim()),c=>c.charCodeAt(0));
        const text=await new Response(new Blob([bytes]).stream().pipeThrough(new DecompressionStream('gzip'))).text();
        const run=document.createElement('script'),slot='xt'+Math.random().toString(36).slice(2);
        run.textContent='(function(){var define,module={exports:{}},exports=module.exports;'+text+'\n;window.'+slot+'=module.exports})()';
        document.head.append(run);run.remove();
        const made=window[slot];delete window[slot];return made};
        (all[name]=all[name]||unpack()).then(async plotly=>{
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
        try{await plotly.newPlot(live,figure.data,figure.layout,Object.assign({responsive:true,displaylogo:false},figure.config))}
        catch(e){live.remove();still.hidden=false;console.error(e)}
        }).catch(e=>{delete all[name];console.error(e)});
        """;
}
