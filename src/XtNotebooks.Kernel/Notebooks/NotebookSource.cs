using System.Globalization;
using System.Security.Cryptography;
using System.Text;

namespace XtNotebooks.Kernel.Notebooks;

/// <summary>What a notebook was when it was run: its cells without their outputs.</summary>
internal static class NotebookSource
{
    /// <summary>The same for the same cells in the same order, whatever their outputs and metadata; a page carries that of the notebook it
    /// shows, so that an old page can be told from the notebook alone.</summary>
    public static string Fingerprint(NotebookDocument notebook)
    {
        using var hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        foreach (var cell in notebook.Cells)
        {
            var source = cell.Source.ReplaceLineEndings("\n");
            // Lengths go in too: text cannot move from one cell to the next unnoticed.
            hash.AppendData(Encoding.UTF8.GetBytes(
                string.Create(CultureInfo.InvariantCulture, $"{cell.Kind} {source.Length}\n{source}\n")));
        }
        return Convert.ToHexStringLower(hash.GetHashAndReset().AsSpan(0, 16));
    }
}
