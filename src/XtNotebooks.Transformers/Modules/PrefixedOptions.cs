using System.Reflection;

namespace XtNotebooks.Transformers;

/// <summary>Hands a stack's prefixed options (AttnDimHead, FfMult) to the layer they are meant for (DimHead, Mult).</summary>
internal static class PrefixedOptions
{
    /// <summary>A copy of <paramref name="target"/> with every property for which <paramref name="source"/> has one of that name after <paramref name="prefix"/>.</summary>
    public static T With<T>(T target, object source, string prefix) where T : class
    {
        var copy = (T)Clone.Invoke(target, null)!;
        foreach (var property in typeof(T).GetProperties(BindingFlags.Public | BindingFlags.Instance))
            if (source.GetType().GetProperty(prefix + property.Name) is { } given)
                property.SetValue(copy, given.GetValue(source));
        return copy;
    }

    private static MethodInfo Clone { get; } = typeof(object).GetMethod(nameof(MemberwiseClone), BindingFlags.NonPublic | BindingFlags.Instance)!;
}
