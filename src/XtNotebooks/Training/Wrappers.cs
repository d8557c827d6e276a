using System.Runtime.CompilerServices;
using XtNotebooks.Transformers;

namespace XtNotebooks.Training;

/// <summary>The wrappers that settings put around a net, kept as long as the net, so that a step does not register modules anew.</summary>
internal static class Wrappers
{
    private static readonly ConditionalWeakTable<TransformerWrapper, Dictionary<(long, long), AutoregressiveWrapper>> Known = [];

    public static AutoregressiveWrapper Of(TransformerWrapper net, long ignoreIndex, long padValue)
    {
        var wrappers = Known.GetOrCreateValue(net);
        lock (wrappers)
        {
            return wrappers.TryGetValue((ignoreIndex, padValue), out var wrapper)
                ? wrapper
                : wrappers[(ignoreIndex, padValue)] = new AutoregressiveWrapper(net, ignoreIndex, padValue);
        }
    }
}
