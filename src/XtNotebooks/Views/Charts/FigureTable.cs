using System.Text.Json.Nodes;

namespace XtNotebooks.Views;

/// <summary>All points of a figure as a table, for those who cannot hover: its rows are made of the figure's own data when it is opened.</summary>
internal static class FigureTable
{
    /// <summary>The rules of a table that may be long.</summary>
    public const string Css = """
        .xt-chart summary{cursor:pointer;color:var(--muted)}
        .xt-chart .points .scroll{max-height:22em;overflow:auto}
        .xt-chart .points thead th{position:sticky;top:0;background:var(--bg);white-space:normal;max-width:11em}
        """;

    /// <param name="heading">What opens it.</param>
    /// <param name="first">What stands in it without the script.</param>
    public static Html Of(string heading, Html first) =>
        Html.Of($"<details class=\"points\"><summary>{heading}</summary><div class=\"scroll\">{first}</div></details>\n");

    /// <summary>Lines that the figure itself does not draw, for the table: unsmoothed, and with places of their own only where they are not the figure's.</summary>
    public static string Further(LineChart chart) => chart.Below is not { } below ? "" : "figure.further=" + HtmlText.ForScript(new JsonArray(
        [.. below.Panels.SelectMany(panel => panel.Lines.Select(line => LineChartFigure.Column(panel, line, chart)))]).ToJsonString(PlotlyFigure.Json)).Value + ";\n";

    /// <summary>Stands behind what draws the figure, whose data it reads.</summary>
    public const string Script = """
        for(const points of root.querySelectorAll('details.points'))points.addEventListener('toggle',()=>{
        const box=points.querySelector('.scroll'),all=figure.data||[],flat=t=>Array.isArray(t.y)&&t.y.length&&!t.z;
        if(!points.open||points.dataset.all)return;
        points.dataset.all=1;
        const lines=all.filter(flat).concat((figure.further||[]).map(t=>Object.assign({x:all[0].x,alone:1},t))),left=all.filter(t=>!flat(t)),note=document.createElement('p');
        note.className='muted';
        note.textContent=left.length?(lines.length?'Not in this table: ':'There is no table of ')+left.map((t,i)=>(t.name||'trace '+(all.indexOf(t)+1))+' ('+(t.type||'scatter')+')').join(', ')
        +', which '+(left.length>1?'are':'is')+' not drawn over one axis; the figure\u2019s own data holds the numbers.':'';
        if(!lines.length){if(left.length)box.replaceChildren(note);return}
        box.tabIndex=0;box.setAttribute('role','region');box.setAttribute('aria-label','all points');
        const plain=s=>String(s).replace(/<[^>]*>/g,'').replace(/&lt;/g,'<').replace(/&gt;/g,'>').replace(/&quot;/g,'"').replace(/&#39;/g,"'").replace(/&amp;/g,'&');
        const panel=t=>{if(t.alone)return '';const l=figure.layout||{},a=l['yaxis'+(t.yaxis||'y').slice(1)]||{},m=(l.annotations||[]).filter(n=>/^<b>/.test(n.text));
        return Object.keys(l).filter(k=>/^yaxis/.test(k)).length>1&&m.length?plain((m[Math.max(0,(+(t.yaxis||'y').slice(1)||1)-1)]||{}).text||'').split(' · ')[0]+': ':''};
        const table=document.createElement('table'),head=table.createTHead().insertRow(),body=table.createTBody(),rows=new Map();
        const put=(row,tag,text)=>{const c=document.createElement(tag);c.textContent=text;row.append(c);return c};
        const title=((figure.layout||{}).xaxis||{}).title;
        put(head,'th',plain((title&&title.text)||(typeof title==='string'?title:'')));
        lines.forEach((t,i)=>{put(head,'th',panel(t)+plain(t.name||'trace '+(i+1)));
        const seen=new Map();
        t.y.forEach((y,k)=>{const x=Array.isArray(t.x)?t.x[k]:k,n=seen.get(x)||0;seen.set(x,n+1);if(!rows.has(x))rows.set(x,[]);const at=rows.get(x);(at[n]=at[n]||[])[i]=y})});
        const keys=[...rows.keys()];
        if(keys.every(k=>typeof k==='number'))keys.sort((a,b)=>a-b);
        for(const x of keys)for(const ys of rows.get(x)){const row=body.insertRow();put(row,'th',x);
        lines.forEach((_,i)=>put(row,'td',ys[i]==null?'–':ys[i]))}
        box.replaceChildren(...(left.length?[table,note]:[table]))});
        """;
}
