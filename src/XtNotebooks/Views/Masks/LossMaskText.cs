using System.Globalization;
using System.Text;

namespace XtNotebooks.Views;

/// <summary>A batch grid in plain text: one letter a position, the words above it.</summary>
internal static class LossMaskText
{
    public static string Write(LossMaskView view)
    {
        var text = new StringBuilder();
        if (view.Title is not null)
            text.Append(view.Title).Append('\n');
        text.Append(Remarks.ToText(view.Remarks));
        if (view.Rows.Count == 0 || view.Columns.Count == 0)
            return text.ToString();
        text.Append("x counts, P a pad that counts, - ignored, ! real but ignored, . never a target\n");
        var width = view.Rows.Max(r => r?.Index.ToString(CultureInfo.InvariantCulture).Length ?? 1);
        foreach (var row in view.Rows)
        {
            if (row is null)
            {
                text.Append("⋮\n");
                continue;
            }
            text.Append(row.Index.ToString(CultureInfo.InvariantCulture).PadLeft(width)).Append(' ');
            foreach (var cell in row.Cells)
                text.Append(Sign(cell));
            text.Append('\n');
        }
        return text.ToString();
    }

    private static char Sign(LossMaskCell? cell) => cell?.State switch
    {
        TargetState.Counts => 'x',
        TargetState.PadCounts => 'P',
        TargetState.Ignored => '-',
        TargetState.RealIgnored => '!',
        TargetState.NotATarget => '.',
        _ => '…',
    };
}
