using XtNotebooks.Transformers.Tests.Golden;
using XtNotebooks.Transformers.Tests.Models;

namespace XtNotebooks.Transformers.Tests.Decoding;

/// <summary>One thread or many: the same within rounding.</summary>
[Collection(nameof(TorchRandomness))] // nothing runs beside it: the number of threads is the process's
public sealed class ThreadsTests
{
    [Fact]
    public void Generation_on_two_threads_is_that_on_one()
    {
        using var scope = NewDisposeScope();
        // Wide enough that torch divides the work among threads.
        using var net = SmallModels.Decoder(o => o with { Dim = 256, Heads = 4, AttnDimHead = 64, FfMult = 4 }, o => o with { MaxSeqLen = 64 });
        var wrapper = new AutoregressiveWrapper(net);
        var prompts = SmallModels.Ids(8, 48);
        var (one, many) = (OnThreads(1), OnThreads(2));
        Close.Assert("logits", one.Logits, many.Logits, 1e-3); // of logits up to some tens
        Close.Equal("greedy tokens", one.Greedy, many.Greedy);
        Close.Equal("sampled tokens", one.Sampled, many.Sampled);
        Close.Equal("beams", one.Beams, many.Beams);

        (Tensor Logits, Tensor Greedy, Tensor Sampled, Tensor Beams) OnThreads(int count)
        {
            var before = get_num_threads();
            set_num_threads(count);
            try
            {
                Assert.Equal(count, get_num_threads());
                using var noGrad = no_grad();
                using var generator = new Generator(5, TestDevice.Current);
                return (net.forward(prompts), wrapper.Generate(prompts, 8, new() { Temperature = 0 }),
                    wrapper.Generate(prompts, 8, new() { Generator = generator }), wrapper.BeamSearch(prompts, 4, new() { Beams = 3 }).Beams);
            }
            finally
            {
                set_num_threads(before);
            }
        }
    }
}
