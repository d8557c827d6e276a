namespace XtNotebooks.Views;

/// <summary>Hover and keyboard for grids: arrow keys move a single tab stop, and a line below says what the cell is.</summary>
/// <remarks>The line is made of the grid's name (<c>data-t</c>, or its caption), the row's and the column's heading, the cell's text, and its <c>data-d</c> or what its class means; without
/// the script the same is told by the headings, the texts and the legend.</remarks>
internal static class GridScript
{
    /// <summary>The line that tells of the cell under the pointer or the focus; empty until the script runs.</summary>
    public static Html Line { get; } = new("<p class=\"say\" aria-live=\"polite\"></p>\n");

    /// <param name="meaningsJson">A JSON object from class name to words.</param>
    public static string For(string meaningsJson) => """
        const means=MEANINGS;
        for(const grid of root.querySelectorAll('table.grid')){
        const say=root.querySelector('.say');
        say.textContent='Point at a cell, or move with Tab and the arrow keys.';
        const cells=[...grid.rows].map(r=>[...r.cells].filter(c=>c.tagName==='TD'&&!c.classList.contains('gap'))).filter(r=>r.length);
        const tell=c=>{const row=c.closest('tr').querySelector('th'),head=grid.tHead&&grid.tHead.rows[grid.tHead.rows.length-1].cells[c.cellIndex];
        const where=[grid.dataset.t||grid.caption&&grid.caption.textContent,row&&(row.dataset.t||row.textContent),head&&(head.dataset.t||head.textContent)].filter(Boolean).join(', ');
        say.textContent=[where,c.textContent&&'“'+c.textContent+'”',c.dataset.d||means[c.className]].filter(Boolean).join(' · ')};
        cells.forEach((row,y)=>row.forEach((c,x)=>{c.tabIndex=x+y?-1:0;
        c.onmouseenter=c.onfocus=()=>tell(c);
        c.onkeydown=e=>{const d={ArrowLeft:[0,-1],ArrowRight:[0,1],ArrowUp:[-1,0],ArrowDown:[1,0]}[e.key];
        if(!d)return;
        e.preventDefault();e.stopPropagation();
        const r=cells[y+d[0]],n=r&&r[Math.min(x+d[1],d[0]?r.length-1:x+d[1])];
        if(n){c.tabIndex=-1;n.tabIndex=0;n.focus()}}}));
        }
        """.Replace("MEANINGS", meaningsJson, StringComparison.Ordinal);
}
