namespace XtNotebooks.Views;

/// <summary>Draws attention maps as small pictures, one for each head, with its habit below.</summary>
internal static class AttentionHtml
{
    private const int MaxPictures = 130_000, MaxWords = 300, LeastWords = 8;

    /// <remarks>The frames and words of many small pictures may need more than their share: then fewer heads are drawn.</remarks>
    public static string Write(AttentionView view)
    {
        for (int pictures = MaxPictures, words = MaxWords; ; (pictures, words) = (pictures * 3 / 4, words * 3 / 4))
        {
            var html = Write(view, pictures, words);
            if (words < LeastWords || ViewFrame.Fits(html))
                return html;
        }
    }

    private static string Write(AttentionView view, int pictures, int words)
    {
        var html = new HtmlWriter();
        if (view.Title is not null)
            html.Add($"<p><strong>{view.Title}</strong></p>\n");
        html.Add($"<p class=\"lead\">{view.Sentence}</p>\n");
        if (view.Heads.Where(h => h.Pads >= 0.005).ToList() is { Count: > 0 } looking)
            html.Add($"<p class=\"warn\">⚠ Real tokens give weight to pads in {Words.Count(looking.Count, "head")}; pass <code>mask:</code> to hide them.</p>\n");
        html.Add($"<p class=\"muted\">Each row of a map is a query, top to bottom; each column the key it looks at. Darker blue is more, full at 1, and white is 0{(view.Heads.Any(h => h.Hidden.Contains(true)) ? "; grey is hidden by the mask" : "")}.</p>\n");
        html.Add(GridScript.Line);
        var used = 0;
        var shown = 0;
        foreach (var layer in view.Heads.Take(words).GroupBy(h => h.Layer))
        {
            html.Add($"<p><strong>layer {layer.Key}</strong></p><div class=\"heads\">\n");
            foreach (var head in layer)
            {
                var image = used < pictures ? Convert.ToBase64String(Png.OfWeights(head.Weights, head.Rows, head.Columns, head.Hidden)) : "";
                used += image.Length;
                shown += image.Length > 0 ? 1 : 0;
                html.Add($"<figure tabindex=\"0\" data-t=\"{head.Name}\">");
                if (image.Length > 0)
                    html.Add($"<span class=\"map\"><img alt=\"{head.Name}: {head.Habit}\" src=\"data:image/png;base64,{image}\"></span>");
                html.Add($"<figcaption>head {head.Head}: {head.Habit}</figcaption></figure>\n");
            }
            html.Add($"</div>\n");
        }
        Omissions(html, view, shown, words);
        if (view.Tokens.Count > 0)
            html.Add($"<p class=\"muted tokens\" data-s=\"{view.Size.Keys - view.Tokens.Count}\">{Html.Join(" ", view.Tokens.Take(64).Select(token => Html.Of($"<span>{token}</span>")))}{(view.Tokens.Count > 64 ? " …" : "")}</p>\n");
        return ViewFrame.Render("attention", "Attention maps: " + view.Sentence, Css, html.Done(), Script);
    }

    private static void Omissions(HtmlWriter html, AttentionView view, int shown, int words)
    {
        if (view.Heads.Count > 0 && (view.Heads[0].Rows < view.Size.Queries || view.Heads[0].Columns < view.Size.Keys))
            html.Add($"<p class=\"muted\">Pictures show the first {view.Heads[0].Rows} queries and {view.Heads[0].Columns} keys; the words count all of them.</p>\n");
        if (shown < view.Heads.Count)
        {
            html.Add($"<p class=\"muted\">{Words.Count(view.Heads.Count - shown, "picture is", "pictures are")} left out to keep the output small; "
                + $"{(view.Heads.Count > words ? $"the words of the first {words} heads are here, Heads holds them all" : "their words are here")}.</p>\n");
        }
    }

    /// <summary>The pictures are the data: a pixel's colour is the weight's place in the palette. Arrow keys move a frame over the map that has the focus.
    /// A map grows to where there is room, as what frames an output would cut it.</summary>
    private const string Script = """
        const say=root.querySelector('.say'),shift=+(root.querySelector('.tokens')?.dataset.s||0),names=[...root.querySelectorAll('.tokens span')].map(s=>s.textContent);
        say.textContent='Point at a map, or move with Tab and the arrow keys, to read single weights.';
        const level=p=>{let best=0,least=1e9;for(let i=0;i<256;i++){const c=[[255,8],[255,48],[255,107]].map(([a,b])=>a+Math.trunc((b-a)*i/255));
        const d=Math.abs(c[0]-p[0])+Math.abs(c[1]-p[1])+Math.abs(c[2]-p[2]);if(d<least){least=d;best=i}}return best};
        for(const figure of root.querySelectorAll('figure')){
        const map=figure.querySelector('.map'),img=map&&map.querySelector('img');if(!img)continue;
        const frame=document.createElement('i');map.append(frame);
        let q=0,k=0,pixels=null;
        const read=()=>{if(!pixels){const c=document.createElement('canvas');c.width=img.naturalWidth;c.height=img.naturalHeight;
        const x=c.getContext('2d');x.drawImage(img,0,0);pixels=x.getImageData(0,0,c.width,c.height)}return pixels};
        const tell=()=>{const p=read(),w=p.width,h=p.height;q=Math.max(0,Math.min(h-1,q));k=Math.max(0,Math.min(w-1,k));
        const at=(q*w+k)*4,v=(level([p.data[at],p.data[at+1],p.data[at+2]])/255)**2;
        frame.style.cssText=`left:${k*100/w}%;top:${q*100/h}%;width:${100/w}%;height:${100/h}%`;
        const of=(n,i,s)=>n+' '+i+(names[i-s]?' “'+names[i-s]+'”':i<s?' (memory or cached)':'');const none=p.data[at]==147&&p.data[at+1]==147;
        say.textContent=figure.dataset.t+', '+of('query',q,0)+', '+of('key',k,shift)+(none?' · hidden by the mask':' · weight '+(v<.0005?'0':v<.01?'< 1 %':(100*v).toFixed(0)+' %'))};
        const place=()=>{const f=figure.getBoundingClientRect(),r=root.getBoundingClientRect();
        map.style.transformOrigin=(f.left+300>r.right&&f.right-300>r.left?'100% ':'0 ')+(f.top+300>r.bottom&&f.top-150>say.getBoundingClientRect().bottom?'100%':'0')};
        figure.onmouseenter=place;
        map.onmousemove=e=>{const b=img.getBoundingClientRect();k=Math.floor((e.clientX-b.left)*img.naturalWidth/b.width);q=Math.floor((e.clientY-b.top)*img.naturalHeight/b.height);tell()};
        figure.onfocus=()=>{place();tell()};
        figure.onkeydown=e=>{const d={ArrowLeft:[0,-1],ArrowRight:[0,1],ArrowUp:[-1,0],ArrowDown:[1,0]}[e.key];
        if(!d)return;e.preventDefault();e.stopPropagation();q+=d[0];k+=d[1];tell()}}
        """;

    private const string Css = """
        .xt-attention .heads{display:flex;flex-wrap:wrap;gap:10px 14px}
        .xt-attention .heads:first-of-type:last-of-type{min-height:302px}
        .xt-attention figure{margin:0;width:150px;border-radius:4px}
        .xt-attention .map{display:block;position:relative;width:150px;height:150px;transform-origin:0 0}
        .xt-attention.xt-attention .map img{width:150px;height:150px;image-rendering:pixelated;outline:1px solid var(--line);background:#fff}
        .xt-attention .map i{display:none;position:absolute;box-sizing:border-box;outline:1px solid var(--pad);pointer-events:none}
        .xt-attention figure:hover .map,.xt-attention figure:focus .map{transform:scale(2);z-index:2}
        .xt-attention figure:hover .map i,.xt-attention figure:focus .map i{display:block}
        .xt-attention figcaption{font-size:11px;line-height:1.35;color:var(--muted)}
        .xt-attention .tokens{font:12px ui-monospace,SFMono-Regular,Menlo,Consolas,monospace;overflow-wrap:anywhere}
        """;
}
