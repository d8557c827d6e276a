using System.Collections;
using XtNotebooks.Data;
using XtNotebooks.Extensibility;

namespace XtNotebooks.Training;

/// <summary>A magic's <c>--held-out</c>: a list, or a sequence that ends.</summary>
internal static class HeldOut
{
    private const int MostDrawn = 2000;

    /// <summary>For losses of tokens; empty where none was given.</summary>
    public static IReadOnlyList<PaddedBatch> Padded(MagicCall call) => call.Values.GetValueOrDefault("--held-out") switch
    {
        null => [],
        IEnumerable<PaddedBatch> given => Listed(given, given is ICollection or IReadOnlyCollection<PaddedBatch>),
        var other => throw Views.MagicInputs.Wrong("--held-out", other, "an enumerable of PaddedBatch"),
    };

    /// <summary>For losses of one's own kind of batch; empty where none was given.</summary>
    public static IReadOnlyList<object> OfAnyKind(MagicCall call) => call.Values.GetValueOrDefault("--held-out") switch
    {
        null => [],
        IEnumerable given and not string => Listed(given.Cast<object>(), given is ICollection),
        var other => throw Views.MagicInputs.Wrong("--held-out", other, "an enumerable of batches, each as --batches gives them"),
    };

    private static IReadOnlyList<T> Listed<T>(IEnumerable<T> given, bool ends)
    {
        var all = given as IReadOnlyList<T> ?? [.. ends ? given : given.Take(MostDrawn + 1)];
        if (all.Count == 0)
            throw new MagicException("--held-out holds no batch; give one at least, or leave it out.");
        // Training batches go on and on; each look would, too.
        return ends || all.Count <= MostDrawn ? all : throw new MagicException($"--held-out gives more than {MostDrawn} batches, and seems to have no end; give a list, or a part: batches.Take(20).ToList().");
    }
}
