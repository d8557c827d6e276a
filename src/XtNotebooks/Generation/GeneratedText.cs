using System.Globalization;
using XtNotebooks.Extensibility;
using XtNotebooks.Views;

namespace XtNotebooks.Generation;

/// <summary>What a model made of a prompt, so far or in the end.</summary>
[TypeFormatterSource(typeof(ViewFormatterSource))]
public sealed record GeneratedText : IView
{
    private const int MaxShown = 20_000;

    /// <summary>The prompt's text, or its ids where there is no tokenizer; ids that the tokenizer does not have are marked by their number, ⟨45⟩.</summary>
    public required string Prompt { get; init; }

    /// <summary>The new text alone, or the new ids where there is no tokenizer; marked as in <see cref="Prompt"/>.</summary>
    public required string Text { get; init; }

    /// <summary>The new ids alone.</summary>
    public required IReadOnlyList<long> Ids { get; init; }

    /// <summary>What to know of the text, in one sentence: that the tokenizer has no text for some of the ids; null where there is nothing.</summary>
    public string? Note { get; init; }

    /// <summary>Why it ended.</summary>
    public required GenerationEnd End { get; init; }

    /// <summary>Time from the first step on.</summary>
    public TimeSpan Duration { get; init; }

    /// <summary>New tokens per second.</summary>
    public double TokensPerSecond => Duration > TimeSpan.Zero ? Ids.Count / Duration.TotalSeconds : 0;

    /// <inheritdoc/>
    public string ToText() => $"{Prompt}{Text}\n({Facts})\n{(Note is null ? "" : Note + "\n")}";

    /// <inheritdoc/>
    /// <remarks>Signs that HTML writes as several may need more than their share: then less of both texts is shown.</remarks>
    public string ToHtml()
    {
        for (var most = MaxShown; ; most /= 2)
        {
            var html = ToHtml(most);
            if (most < 1000 || ViewFrame.Fits(html))
                return html;
        }
    }

    private string ToHtml(int most) => ViewFrame.Render("generated", "Generated text: " + Facts, """
        .xt-generated .text{white-space:pre-wrap;overflow-wrap:anywhere;font:13px/1.6 ui-monospace,SFMono-Regular,Menlo,Consolas,monospace;max-width:100ch}
        .xt-generated .text span{color:var(--muted)}
        .xt-generated .text b{font-weight:400;background:var(--realbg);border-radius:3px;padding:.1em 0}
        """, Html.Of($"<p class=\"text\"><span>{Shown(Prompt, most, fromEnd: true)}</span><b>{Shown(Text, most, fromEnd: false)}</b></p>\n<p class=\"muted\">{Facts}</p>{(Note is null ? default : Html.Of($"\n<p>{Note}</p>"))}"));

    private string Facts => string.Create(CultureInfo.InvariantCulture,
        $"{Words.Count(Ids.Count, "token")}, {TokensPerSecond:0.0} tokens/s; {End switch
        {
            GenerationEnd.Running => "going on",
            GenerationEnd.EndToken => "ended by the end token",
            GenerationEnd.Cancelled => "interrupted; what there was is kept",
            _ => "as many as were asked for",
        }}");

    private static string Shown(string text, int most, bool fromEnd) => text.Length <= most ? text
        : fromEnd ? $"… ({Words.Number(text.Length - most)} characters) {text[^most..]}"
        : $"{text[..most]} … ({Words.Number(text.Length - most)} characters more)";
}

/// <summary>Why a generation ended.</summary>
public enum GenerationEnd
{
    /// <summary>It has not ended.</summary>
    Running,

    /// <summary>As many tokens were made as were asked for.</summary>
    Length,

    /// <summary>The model said its end token.</summary>
    EndToken,

    /// <summary>The caller cancelled; what there was is whole.</summary>
    Cancelled,
}
