using System.Globalization;
using XtNotebooks.Data;
using XtNotebooks.Views;

namespace XtNotebooks.Generation;

/// <summary>The text of ids. Those that a tokenizer does not have, as models give whose vocabulary is larger, are marked by their number: ⟨45⟩.</summary>
/// <param name="tokenizer">Null to show ids.</param>
internal sealed class TokenTexts(ITokenizer? tokenizer)
{
    /// <summary>Among how many ids the model chooses; null before it has.</summary>
    public long? Vocabulary { get; set; }

    /// <param name="ids">Any ids.</param>
    /// <param name="before">What parts ids from what stands before them, where there is no tokenizer.</param>
    public string Of(IReadOnlyList<long> ids, string before)
    {
        if (tokenizer is null)
            return ids.Count == 0 ? "" : before + string.Join(' ', ids.Select(id => id.ToString(CultureInfo.InvariantCulture)));
        if (!ids.Any(Strange))
            return tokenizer.Decode(ids);
        // Tokens between two marks are decoded together: a character may have several.
        var (parts, known) = (new List<string>(), new List<long>());
        foreach (var id in ids.TakeWhile(id => id != tokenizer.EosId))
        {
            if (!Strange(id))
            {
                known.Add(id);
                continue;
            }
            parts.Add(tokenizer.Decode(known));
            parts.Add(Mark(id));
            known.Clear();
        }
        return string.Concat(parts) + tokenizer.Decode(known);
    }

    /// <summary>What to say of ids that have no text; null where all have.</summary>
    public string? Note(IReadOnlyList<long> ids)
    {
        if (tokenizer is null || !ids.Any(Strange))
            return null;
        var marks = ids.Where(Strange).Distinct().ToList();
        var named = marks.Count == 1 ? $"{Mark(marks[0])} is an id" : $"{string.Join(", ", marks.Take(3).Select(Mark))}{(marks.Count > 3 ? " and others" : "")} are ids";
        return named + " without text: " + (Vocabulary > tokenizer.NumTokens
            ? $"the model's vocabulary of {Words.Number(Vocabulary.Value)} is larger than the tokenizer's {Words.Number(tokenizer.NumTokens)}; "
                + "give the tokenizer that the model was trained with, or make the model with NumTokens = tokenizer.NumTokens."
            : $"the tokenizer's are 0 to {tokenizer.NumTokens - 1}; give the one that belongs to the model.");
    }

    private bool Strange(long id) => id < 0 || id >= tokenizer!.NumTokens;

    private static string Mark(long id) => string.Create(CultureInfo.InvariantCulture, $"⟨{id}⟩");
}
