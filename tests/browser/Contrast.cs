using Microsoft.Playwright;

namespace XtNotebooks.Browser;

/// <summary>Whether what is written in a view stands out from what lies behind it, as the browser draws both: WCAG 2.2, 1.4.3 (4.5 : 1, large text 3 : 1),
/// and 1.4.11 for signs that are no letters (3 : 1).</summary>
internal static class Contrast
{
    /// <summary>Texts of an element that do not stand out, each with its colours; every mode of the view is chosen once, and everything folded opened.</summary>
    public static async Task<IReadOnlyList<string>> FailuresAsync(ILocator view)
    {
        var answer = await view.EvaluateAsync<Answer>(Script);
        return answer.Checked > 0 ? answer.Failures : throw new InvalidOperationException("no text of it was found");
    }

    private sealed record Answer
    {
        public int Checked { get; set; }
        public string[] Failures { get; set; } = [];
    }

    private const string Script =
        """
        async view => {
          const colour = text => {
            const [, kind, numbers] = /^(rgba?|color)\(([^()]*)\)$/.exec(text) ?? [];
            if (!kind) throw new Error(`a colour that is not understood: ${text}`);
            const n = numbers.match(/-?[\d.]+(e-?\d+)?/g).map(Number), unit = kind === 'color' ? 1 : 255;
            return [n[0] / unit, n[1] / unit, n[2] / unit, n[3] ?? 1];
          };
          const faded = ([r, g, b, a], opacity) => [r, g, b, a * opacity];
          const over = ([r, g, b, a], [R, G, B, A]) => {
            const whole = a + A * (1 - a);
            return whole === 0 ? [0, 0, 0, 0] : [...[[r, R], [g, G], [b, B]].map(([x, y]) => (x * a + y * A * (1 - a)) / whole), whole];
          };
          const luminance = rgb => {
            const [r, g, b] = rgb.map(v => v <= 0.04045 ? v / 12.92 : ((v + 0.055) / 1.055) ** 2.4);
            return 0.2126 * r + 0.7152 * g + 0.0722 * b;
          };
          const contrast = (a, b) => {
            const [x, y] = [luminance(a), luminance(b)];
            return (Math.max(x, y) + 0.05) / (Math.min(x, y) + 0.05);
          };
          const said = rgb => `rgb(${rgb.slice(0, 3).map(v => Math.round(v * 255))})`;
          const parent = element => element.parentElement ?? element.getRootNode().host;
          const opacity = element => { let all = 1; for (let e = element; e; e = parent(e)) all *= +getComputedStyle(e).opacity; return all; };

          // What an element paints behind its content: of a pattern, each of its colours.
          const painted = element => {
            const style = getComputedStyle(element), all = opacity(element);
            if (element instanceof SVGElement && !(element instanceof SVGSVGElement))
              return style.fill.startsWith('rgb') && element instanceof SVGGeometryElement ? [faded(colour(style.fill), style.fillOpacity * all)] : [[0, 0, 0, 0]];
            const solid = colour(style.backgroundColor), stops = style.backgroundImage.match(/(rgba?|color)\([^()]*\)/g) ?? [];
            return (stops.length ? stops.map(stop => over(colour(stop), solid)) : [solid]).map(back => faded(back, all));
          };
          // Everything at the middle of a text that lies behind it, whoever's it is; where it is scrolled away, what it stands in.
          const behind = (element, box) => {
            const there = element.getRootNode().elementsFromPoint(box.x + box.width / 2, box.y + box.height / 2), at = there.indexOf(element);
            if (at >= 0 && element.getRootNode() === document) return there.slice(at);
            const around = at >= 0 ? there.slice(at) : [];
            for (let e = at >= 0 ? element.getRootNode().host : element; e; e = parent(e)) around.push(e);
            return around;
          };
          const backs = (element, box) => {
            let so = [[0, 0, 0, 0]];
            for (const layer of behind(element, box))
              so = so.flatMap(above => painted(layer).map(back => over(above, back)));
            return so.map(back => over(back, [1, 1, 1, 1]));
          };

          let checked = 0;
          const failures = new Set();
          const check = (element, style, text, box) => {
            if (!text.trim() || box.width < 1 || box.height < 1 || !element.checkVisibility({ opacityProperty: true, visibilityProperty: true })) return;
            const svg = element instanceof SVGElement;
            const ink = faded(colour(svg ? style.fill : style.color), opacity(element) * (svg ? style.fillOpacity : 1)), size = parseFloat(style.fontSize);
            const large = size >= 24 || (size >= 18.66 && style.fontWeight >= 700), wanted = large || !/[\p{L}\p{N}]/u.test(text) ? 3 : 4.5;
            checked++;
            for (const back of backs(element, box)) {
              const found = contrast(over(ink, back).slice(0, 3), back.slice(0, 3));
              if (found < wanted)
                failures.add(`“${text.trim().slice(0, 40)}” (${element.localName}${element.getAttribute('class') ? '.' + element.getAttribute('class').replaceAll(' ', '.') : ''}) ${said(over(ink, back))} on ${said(back)}: ${found.toFixed(2)} of ${wanted}`);
            }
          };
          const checkAll = root => {
            const texts = document.createTreeWalker(root, NodeFilter.SHOW_TEXT);
            for (let node; (node = texts.nextNode());) {
              const element = node.parentElement;
              if (!element || /^(style|script|title|desc)$/.test(element.localName)) continue;
              const range = document.createRange();
              range.selectNodeContents(node);
              check(element, getComputedStyle(element), node.data, range.getClientRects()[0] ?? { width: 0, height: 0 });
            }
            for (const element of root.querySelectorAll('*'))
              for (const part of ['::before', '::after']) {
                const style = getComputedStyle(element, part), content = /^"(.+)"$/.exec(style.content);
                if (content && !(element instanceof SVGElement)) check(element, style, content[1], element.getBoundingClientRect());
              }
          };

          // What takes no pointer is painted all the same.
          const pointed = document.createElement('style');
          pointed.textContent = '*{pointer-events:auto!important}';
          document.head.append(pointed);
          for (const folded of view.querySelectorAll('details')) folded.open = true;
          const modes = [...view.querySelectorAll('input[type=radio]')];
          for (const mode of modes.length ? modes : [null]) {
            mode?.click();
            view.scrollIntoView();
            checkAll(view);
          }
          for (const image of view.querySelectorAll('img[src^="data:image/svg+xml;base64,"]')) {
            const place = document.createElement('div');
            place.style = `all:initial;position:fixed;left:0;top:0;z-index:99999;background:${getComputedStyle(view).backgroundColor}`;
            place.attachShadow({ mode: 'open' }).innerHTML = new TextDecoder().decode(Uint8Array.from(atob(image.src.split(',')[1]), c => c.charCodeAt(0)));
            document.body.append(place);
            checkAll(place.shadowRoot);
            place.remove();
          }
          pointed.remove();
          return { checked, failures: [...failures] };
        }
        """;
}
