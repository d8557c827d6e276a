using System.Net;
using System.Text;
using System.Text.RegularExpressions;

namespace XtNotebooks.Kernel.Notebooks.Html;

/// <summary>Turns terminal text into HTML: colours and weights become spans, carriage returns overwrite as on a terminal, all else is
/// encoded.</summary>
internal static partial class AnsiHtml
{
    public static string Render(string text)
    {
        var html = new StringBuilder();
        var style = new Style();
        var open = false;
        var position = 0;
        text = Overwrite(text.Replace("\r\n", "\n", StringComparison.Ordinal));
        foreach (Match escape in Escape().Matches(text))
        {
            Append(text[position..escape.Index]);
            position = escape.Index + escape.Length;
            if (escape.Groups["sgr"].Success)
                style = style.After(escape.Groups["sgr"].Value);
        }
        Append(text[position..]);
        return html.ToString();

        void Append(string piece)
        {
            if (piece.Length == 0)
                return;
            open = style.Css is { Length: > 0 };
            if (open)
                html.Append("<span ").Append(style.Css).Append('>');
            html.Append(WebUtility.HtmlEncode(piece));
            if (open)
                html.Append("</span>");
        }
    }

    /// <summary>What a terminal would show of lines that a progress bar wrote over and over.</summary>
    private static string Overwrite(string text) =>
        !text.Contains('\r', StringComparison.Ordinal)
            ? text
            : string.Join('\n', text.Split('\n').Select(line => line.TrimEnd('\r').Split('\r')[^1]));

    // Colours are m sequences; any other control sequence, and links (OSC), have no meaning on a page.
    [GeneratedRegex(@"\e\[(?<sgr>[0-9;:]*)m|\e\[[0-?]*[ -/]*[@-~]|\e\][^\a\e]*(?:\a|\e\\)|\e.")]
    private static partial Regex Escape();

    /// <summary>How text is drawn after the sequences so far. Source: ECMA-48, SGR.</summary>
    private sealed record Style
    {
        private bool Bold { get; init; }

        private bool Italic { get; init; }

        private bool Underline { get; init; }

        private string? Foreground { get; init; }

        private string? Background { get; init; }

        /// <summary>Attributes of a span; empty for plain text.</summary>
        public string Css
        {
            get
            {
                var classes = new List<string>();
                var styles = new List<string>();
                if (Bold)
                    classes.Add("ansi-bold");
                if (Italic)
                    classes.Add("ansi-italic");
                if (Underline)
                    classes.Add("ansi-underline");
                foreach (var (colour, prefix, property) in new[]
                    { (Foreground, "ansi-", "color"), (Background, "ansi-on-", "background-color") })
                {
                    if (colour is null)
                        continue;
                    if (colour[0] == '#')
                        styles.Add($"{property}:{colour}");
                    else
                        classes.Add(prefix + colour);
                }
                var attributes = classes.Count > 0 ? $"class=\"{string.Join(' ', classes)}\"" : "";
                return styles.Count > 0 ? $"{attributes} style=\"{string.Join(';', styles)}\"".TrimStart() : attributes;
            }
        }

        public Style After(string sequence)
        {
            var style = this;
            var codes = new Queue<int>(sequence.Split(';', ':').Select(code => int.TryParse(code, out var number) ? number : 0));
            while (codes.TryDequeue(out var code))
            {
                style = code switch
                {
                    0 => new(),
                    1 => style with { Bold = true },
                    3 => style with { Italic = true },
                    4 => style with { Underline = true },
                    22 => style with { Bold = false },
                    23 => style with { Italic = false },
                    24 => style with { Underline = false },
                    >= 30 and <= 37 => style with { Foreground = $"{code - 30}" },
                    38 => style with { Foreground = Extended(codes) },
                    39 => style with { Foreground = null },
                    >= 40 and <= 47 => style with { Background = $"{code - 40}" },
                    48 => style with { Background = Extended(codes) },
                    49 => style with { Background = null },
                    >= 90 and <= 97 => style with { Foreground = $"{code - 90 + 8}" },
                    >= 100 and <= 107 => style with { Background = $"{code - 100 + 8}" },
                    _ => style,
                };
            }
            return style;
        }

        private static string? Extended(Queue<int> codes)
        {
            switch (codes.TryDequeue(out var kind) ? kind : 0)
            {
                case 5 when codes.TryDequeue(out var index) && index is >= 0 and < 256:
                    if (index < 16)
                        return $"{index}";
                    if (index >= 232)
                        return Hex((index - 232) * 10 + 8, (index - 232) * 10 + 8, (index - 232) * 10 + 8);
                    static int Level(int step) => step == 0 ? 0 : step * 40 + 55;
                    return Hex(Level((index - 16) / 36), Level((index - 16) / 6 % 6), Level((index - 16) % 6));
                case 2 when codes.TryDequeue(out var red) && codes.TryDequeue(out var green) && codes.TryDequeue(out var blue):
                    return Hex(red & 255, green & 255, blue & 255);
                default:
                    return null;
            }
        }

        private static string Hex(int red, int green, int blue) => $"#{red:x2}{green:x2}{blue:x2}";
    }
}
