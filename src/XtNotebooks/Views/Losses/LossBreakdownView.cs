using XtNotebooks.Extensibility;
using XtNotebooks.Losses;

namespace XtNotebooks.Views;

/// <summary>A loss taken apart, to look at: the sentence, what is averaged and what adds up, what other settings would have reported.</summary>
/// <param name="Breakdown">The numbers.</param>
[TypeFormatterSource(typeof(ViewFormatterSource))]
public sealed record LossBreakdownView(LossBreakdown Breakdown) : IView
{
    /// <summary>A heading; null for none.</summary>
    public string? Title { get; init; }

    /// <inheritdoc/>
    public string ToHtml() => LossBreakdownHtml.Write(this);

    /// <inheritdoc/>
    public string ToText() => LossBreakdownText.Write(this);
}

/// <summary>How notebooks show a <see cref="LossBreakdown"/>: as its view.</summary>
public sealed class LossBreakdownFormatterSource
{
    /// <summary>HTML and plain text.</summary>
#pragma warning disable CA1822 // The convention asks for an instance method.
    public IEnumerable<object> CreateTypeFormatters() => ViewFormatters.For<LossBreakdown>(breakdown => new LossBreakdownView(breakdown));
#pragma warning restore CA1822
}
