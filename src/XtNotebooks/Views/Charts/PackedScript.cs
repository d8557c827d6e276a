namespace XtNotebooks;

/// <summary>How a page unpacks and runs the script library that its outputs carry: once, whichever of them still are there.</summary>
/// <remarks>Compiled into the package and into the tool: both draw figures, and neither may count on the other's version.</remarks>
internal static class PackedScript
{
    /// <summary>Statements that stand where <c>name</c> is the library's <c>data-xt-script</c> and <c>root</c> the output's element, and that leave
    /// <c>all</c>, the page's libraries by name, and <c>library</c>, the promise of this one.</summary>
    public const string Load = """
        const all=window.xtScripts=window.xtScripts||{};
        const unpack=async()=>{
        const q='script[data-xt-script="'+name+'"]',holder=root.querySelector(q)||document.querySelector(q);
        const bytes=Uint8Array.from(atob(holder.textContent.trim()),c=>c.charCodeAt(0));
        const text=await new Response(new Blob([bytes]).stream().pipeThrough(new DecompressionStream('gzip'))).text();
        const run=document.createElement('script'),slot='xt'+Math.random().toString(36).slice(2);
        run.textContent='(function(){var define,module={exports:{}},exports=module.exports;'+text+'\n;window.'+slot+'=module.exports})()';
        document.head.append(run);run.remove();
        const made=window[slot];delete window[slot];return made};
        const library=all[name]=all[name]||unpack();
        """;
}
