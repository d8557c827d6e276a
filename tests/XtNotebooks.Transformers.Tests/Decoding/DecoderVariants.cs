namespace XtNotebooks.Transformers.Tests.Decoding;

/// <summary>The kinds of layers that a decoder can have, and the way to decode that leaves nothing to chance.</summary>
internal static class DecoderVariants
{
    public static readonly GenerateOptions Greedy = new() { Temperature = 0 };

    public static readonly Dictionary<string, Func<AttentionLayersOptions, AttentionLayersOptions>> Layers = new()
    {
        ["absolute"] = o => o,
        ["rotary"] = o => o with { RotaryPosEmb = true },
        ["xpos"] = o => o with { RotaryXpos = true, RotaryXposScaleBase = 4 },
        ["xpos, memory keys"] = o => o with { RotaryXpos = true, RotaryXposScaleBase = 4, AttnNumMemKv = 2 },
        ["xpos, l2 distance"] = o => o with { RotaryXpos = true, RotaryXposScaleBase = 4, AttnL2Distance = true },
        ["xpos, cope"] = o => o with { RotaryXpos = true, RotaryXposScaleBase = 4, AttnUseCope = true },
        ["rotary, memory keys"] = o => o with { RotaryPosEmb = true, AttnNumMemKv = 2 },
        ["rotary, cope"] = o => o with { RotaryPosEmb = true, AttnUseCope = true },
        ["polar"] = o => o with { PolarPosEmb = true },
        ["alibi"] = o => o with { AlibiPosBias = true },
        ["t5"] = o => o with { RelPosBias = true },
        ["dynamic bias"] = o => o with { DynamicPosBias = true },
        ["flash alibi"] = o => o with { AlibiPosBias = true, AttnFlash = true },
        ["shift"] = o => o with { ShiftTokens = 1 },
        ["forgetting"] = o => o with { AttnDataDependentAlibi = true },
        ["selective"] = o => o with { AttnSelective = true },
        ["cope"] = o => o with { AttnUseCope = true },
        ["memory keys, cosine"] = o => o with { AttnNumMemKv = 2, AttnQkNorm = true },
        ["zero key, sink"] = o => o with { AttnAddZeroKv = true, AttnHeadLearnedSink = true },
        ["look back three"] = o => o with { AttnMaxAttendPast = 3 },
        ["residual attention"] = o => o with { ResidualAttn = true },
        ["value residual"] = o => o with { AddValueResidual = true },
        ["integrated layers"] = o => o with { IntegrateLayers = true },
        ["streams"] = o => o with { NumResidualStreams = 2, QkvReceiveDiffResiduals = true },
        ["sparse"] = o => o with { AttnSparseTopk = 3 },
        ["l2 distance"] = o => o with { AttnL2Distance = true },
        ["one key head"] = o => o with { AttnOneKvHead = true },
        ["unet"] = o => o with { UnetSkips = true },
        ["laser, gates"] = o => o with { AttnLaser = true, AttnGateValues = true, AttnGateValueHeads = true },
        ["orthogonal residual"] = o => o with { OrthogResidual = true },
        ["mean apart"] = o => o with { MvSplitResidual = true },
        ["distance curves"] = o => o with { AttnUseRelProjPosBias = true, AttnRelProjMaxDist = 6 },
        ["decay by row"] = o => o with { AttnDataDependentAlibi = true, AttnDataDependentAlibiPerRow = true },
        ["output gates"] = o => o with { AttnOutputGate = true, AttnOutputGateHeadwise = true, AttnGateValues = true, AttnGateValuesRank = 4 },
        ["cope with talking heads"] = o => o with { AttnUseCope = true, AttnCopeTalkingHeads = true },
        ["latents"] = o => o with { AttnUseLatentQ = true, AttnDimLatentQ = 12, AttnUseLatentKv = true, AttnDimLatentKv = 10, RotaryPosEmb = true },
        ["orthogonal values"] = o => o with { AttnOrthogProjectedValues = true },
        ["reinjected input"] = o => o with { ReinjectInput = true, LearnedReinjectInputGate = true },
    };
}
