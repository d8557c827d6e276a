using System.Globalization;
using System.Security.Cryptography;
using System.Text;

namespace XtNotebooks.Kernel.Notebooks;

/// <summary>The ids that format 4.5 asks of every cell.</summary>
internal static class CellIds
{
    /// <summary>Gives an id to each cell that has none; made from place and text, so that the same notebook is written the same
    /// twice.</summary>
    public static void Complete(IReadOnlyList<NotebookCell> cells)
    {
        var used = cells.Select(cell => cell.Id).OfType<string>().ToHashSet(StringComparer.Ordinal);
        for (var i = 0; i < cells.Count; i++)
        {
            if (cells[i].Id is not null)
                continue;
            for (var attempt = 0; ; attempt++)
            {
                var seed = string.Create(CultureInfo.InvariantCulture, $"{i}:{attempt}:{cells[i].Source}");
                var id = Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(seed)))[..8];
                if (!used.Add(id))
                    continue;
                cells[i].Id = id;
                break;
            }
        }
    }
}
