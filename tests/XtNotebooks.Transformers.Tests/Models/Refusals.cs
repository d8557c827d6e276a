namespace XtNotebooks.Transformers.Tests.Models;

/// <summary>What native code would answer with a crash or a riddle is refused with a sentence.</summary>
internal static class Refusals
{
    public static string Refusal(Func<TransformerWrapper, object?> call, Func<TransformerWrapperOptions, TransformerWrapperOptions>? wrapper = null)
    {
        using var scope = NewDisposeScope();
        using var net = SmallModels.Decoder(wrapper: wrapper);
        return Assert.Throws<ArgumentException>(() => { call(net); }).Message;
    }
}
