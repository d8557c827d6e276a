namespace XtNotebooks.Views;

/// <content>The rules that all views share.</content>
internal static partial class Palette
{
    /// <summary>Variables for both themes and the rules of every view, which also outweigh those that front ends have for tables, code and marks
    /// (a class named twice counts twice). The front ends' own signs win over the system's preference:
    /// JupyterLab's <c>data-jp-theme-light</c>, VS Code's body classes; the classic Notebook is always light.</summary>
    public static string Css => css.Value;

    // The colours are another file's: they are there when it is first asked for.
    private static readonly Lazy<string> css = new(Rules);

    private static string Rules() => ViewFrame.Minify("""
        .xt{LIGHTcolor-scheme:light}
        @media (prefers-color-scheme:dark){.xt{DARKcolor-scheme:dark}}
        [data-jp-theme-light="true"] .xt,.vscode-light .xt,.notebook_app .xt,[data-theme="light"] .xt{LIGHTcolor-scheme:light}
        [data-jp-theme-light="false"] .xt,.vscode-dark .xt,[data-theme="dark"] .xt{DARKcolor-scheme:dark}
        .xt{color:var(--fg);background:var(--bg);padding:.7em .9em;border-radius:6px;font:13px/1.5 system-ui,-apple-system,"Segoe UI",sans-serif;text-align:left;overflow-wrap:break-word;max-width:100%;box-sizing:border-box}
        .xt *{box-sizing:border-box}
        .xt p{margin:.2em 0 .5em;max-width:90ch}
        .xt .lead{font-size:15px;font-weight:inherit;line-height:inherit}
        .xt .muted{color:var(--muted)}
        .xt .warn{color:var(--warn)}
        .xt .good{color:var(--good)}
        .xt.xt code{font:12px ui-monospace,SFMono-Regular,Menlo,Consolas,monospace;background:var(--soft);color:var(--fg);padding:.1em .3em;border-radius:3px;white-space:pre-wrap}
        .xt ul{margin:.2em 0 .6em;padding-left:1.2em}
        .xt .scroll{overflow-x:auto;max-width:100%;padding:2px}
        .xt table{border-collapse:collapse;border:0;margin:.2em 0;font-size:12px;width:auto;table-layout:auto}
        .xt tr,.xt thead,.xt tbody{background:none;border:0;padding:0;text-align:inherit;line-height:inherit}
        .xt.xt tbody tr:nth-child(n){background:none}
        .xt th,.xt td{padding:.15em .6em;border:0;text-align:right;color:var(--fg);background:none;white-space:nowrap;vertical-align:middle;max-width:none;line-height:inherit}
        .xt th{font-weight:600;color:var(--muted)}
        .xt thead th{vertical-align:bottom}
        .xt .numbers th:first-child{text-align:left;color:var(--fg)}
        .xt .numbers thead th{border-bottom:1px solid var(--line);white-space:normal;max-width:9em}
        .xt caption{padding:0}
        .xt label{max-width:none;font-weight:inherit}
        .xt summary{display:list-item}
        .xt img{display:block;margin:0}
        .xt :focus-visible{outline:2px solid var(--focus);outline-offset:1px}
        .xt .say{min-height:1.5em;color:var(--muted)}
        .xt s{text-decoration:none}
        .xt mark{background:none;color:inherit;padding:0}
        """).Replace("LIGHT", Variables(Light), StringComparison.Ordinal).Replace("DARK", Variables(Dark), StringComparison.Ordinal);

    private static string Variables(IReadOnlyDictionary<string, string> colours) =>
        string.Concat(colours.Select(c => $"--{c.Key}:{c.Value};"));
}
