using System.Globalization;
using System.Text;

namespace XtNotebooks.Views;

/// <summary>Writes a model as an indented list, a line for each module.</summary>
internal static class ModelText
{
    /// <summary>How many modules are written, and how much of an option's value.</summary>
    public const int MaxNodes = 400, LongestValue = 160;

    private const int MaxLength = 100_000;

    public static string Write(ModelView view)
    {
        var text = new StringBuilder();
        if (view.Title is not null)
            text.Append(view.Title).Append('\n');
        text.Append(view.Sentence).Append('\n');
        if (view.Example is not null)
            text.Append(CultureInfo.InvariantCulture, $"  → is the shape a module gives for {view.Example}\n");
        if (view.Note is not null)
            text.Append("  ").Append(view.Note).Append('\n');
        foreach (var option in view.Options)
            text.Append(CultureInfo.InvariantCulture, $"  {HtmlText.Cut(option.Name)} = {HtmlText.Cut(option.Value, LongestValue)} (default {HtmlText.Cut(option.Default, LongestValue)})\n");
        var (written, leftOut) = (0, 0);
        Append(view.Root, depth: 0);
        if (leftOut > 0)
            text.Append(CultureInfo.InvariantCulture, $"{Words.Count(leftOut, "more module is", "more modules are")} left out; the numbers count them.\n");
        return text.ToString();

        void Append(ModelNode node, int depth)
        {
            // What is nested deeply is indented far.
            if (written < MaxNodes && text.Length < MaxLength)
            {
                written++;
                var output = node.Output is null ? "" : $" → {HtmlText.Cut(node.Output, LongestValue)}";
                text.Append(' ', depth * 2).Append(CultureInfo.InvariantCulture, $"{HtmlText.Cut(node.Name)} {HtmlText.Cut(node.Type)}{output}  {Words.Number(node.Parameters)}{node.Repeats}\n");
            }
            else
            {
                leftOut++;
            }
            foreach (var child in node.Children)
                Append(child, depth + 1);
        }
    }
}
