using System.Globalization;
using System.Runtime.CompilerServices;
using System.Text;

namespace XtNotebooks.Views;

/// <summary>Builds HTML in which every value put into a hole is encoded, unless it is <see cref="Html"/> already.</summary>
internal sealed class HtmlWriter
{
    private readonly StringBuilder text = new();

    public HtmlWriter Add([InterpolatedStringHandlerArgument("")] ref Hole html) => this;

    public HtmlWriter Add(Html html)
    {
        text.Append(html.Value);
        return this;
    }

    public Html Done() => new(text.ToString());

    /// <summary>Literal parts go through as they are; holes are encoded.</summary>
    [InterpolatedStringHandler]
    public readonly ref struct Hole
    {
        private readonly StringBuilder text;

        public Hole(int literalLength, int formattedCount, HtmlWriter writer) => text = writer.text;

        public void AppendLiteral(string literal) => text.Append(literal);

        public void AppendFormatted(Html html) => text.Append(html.Value);

        public void AppendFormatted(string? value) => HtmlText.Encode(value, text);

        public void AppendFormatted<T>(T value, string? format = null) where T : IFormattable =>
            HtmlText.Encode(value.ToString(format, CultureInfo.InvariantCulture), text);
    }
}

/// <summary>Text that is HTML already and is not encoded again.</summary>
internal readonly record struct Html(string Value)
{
    public static Html Of(ref HtmlBuilder html) => html.Done();

    public static Html Join(string separator, IEnumerable<Html> parts) => new(string.Join(separator, parts.Select(p => p.Value)));

    public override string ToString() => Value;
}

/// <summary>The same rule as <see cref="HtmlWriter.Hole"/> for a single piece: <c>Html.Of($"…")</c>.</summary>
[InterpolatedStringHandler]
internal readonly ref struct HtmlBuilder(int literalLength, int formattedCount)
{
    private readonly StringBuilder text = new(literalLength + formattedCount * 12);

    public void AppendLiteral(string literal) => text.Append(literal);

    public void AppendFormatted(Html html) => text.Append(html.Value);

    public void AppendFormatted(string? value) => HtmlText.Encode(value, text);

    public void AppendFormatted<T>(T value, string? format = null) where T : IFormattable =>
        HtmlText.Encode(value.ToString(format, CultureInfo.InvariantCulture), text);

    public Html Done() => new(text.ToString());
}
