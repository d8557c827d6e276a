using System.Text.Json.Nodes;
using XtNotebooks.Transformers.Tests.Models;
using XtNotebooks.Transformers.Tests.Native;

namespace XtNotebooks.Transformers.Tests.Checkpoints;

/// <summary>Checkpoint directories: a training goes on from them to the bit, and nothing but a whole checkpoint is ever there.</summary>
[Collection(nameof(TorchRandomness))]
public sealed class CheckpointDirectoryTests : IDisposable
{
    private readonly DisposeScope _scope = NewDisposeScope();
    private readonly TemporaryFolder _folder = new();

    private CheckpointDirectory Directory => new(_folder["run"]);

    [Fact]
    public void A_resumed_training_repeats_the_uninterrupted_one_to_the_bit()
    {
        var (wrapper, optimizer) = Training();
        for (var i = 0; i < 3; i++) Step(wrapper, optimizer);
        Directory.Save(wrapper, 3, optimizer);
        var uninterrupted = Enumerable.Range(0, 4).Select(_ => Step(wrapper, optimizer)).ToArray();

        var resumed = (AutoregressiveWrapper)Directory.CreateModel();
        var newOptimizer = optim.Adam(resumed.parameters(), 1.0); // the saved learning rate comes back, too
        random.manual_seed(12345);
        Assert.Equal(3, Directory.Restore(resumed, newOptimizer).Step);
        Assert.Equal(uninterrupted, Enumerable.Range(0, 4).Select(_ => Step(resumed, newOptimizer)));
        foreach (var (key, value) in wrapper.state_dict()) Assert.True(Same(value, resumed.state_dict()[key]), key);
    }

    [Fact]
    public void What_an_interrupted_write_left_is_removed_and_what_is_not_ours_is_kept()
    {
        System.IO.Directory.CreateDirectory(Directory.FullPath);
        string Put(string name)
        {
            File.WriteAllText(Path.Combine(Directory.FullPath, name), "");
            return name;
        }
        string[] own = [Put("weights-best.safetensors"), Put("state-of-the-art.safetensors"), Put("notes.tmp")];
        var left = new[] { Put($"weights-000001-0123abcd.safetensors.{Guid.NewGuid():N}.tmp"), Put("state-000001-0123abcd.safetensors"), Put($"checkpoint.json.{Guid.NewGuid():N}.tmp") };
        Directory.Save(Training().Wrapper, 1);
        var files = System.IO.Directory.GetFiles(Directory.FullPath).Select(f => Path.GetFileName(f)).ToArray();
        Assert.All(own, name => Assert.Contains(name, files));
        Assert.All(left, name => Assert.DoesNotContain(name, files));
    }

    [Fact]
    public void A_pair_without_absolute_positions_still_tells_Python_its_longest_sequence()
    {
        var side = new XTransformerSideOptions { NumTokens = 9, Layers = new() { Depth = 1, Heads = 2, AttnDimHead = 8, RotaryPosEmb = true } };
        var arguments = ModelConfig.Of(new XTransformer(new() { Dim = 16, Enc = side, Dec = side }))["XTransformer"]!.AsObject();
        foreach (var name in new[] { "enc_num_tokens", "enc_max_seq_len", "dec_num_tokens", "dec_max_seq_len" }) Assert.True(arguments.ContainsKey(name), name);
    }

    [Fact]
    public void A_side_of_another_width_is_refused_not_overruled()
    {
        var side = new XTransformerSideOptions { NumTokens = 9, MaxSeqLen = 8, Layers = new() { Depth = 1, Heads = 2, AttnDimHead = 8 } };
        var message = Assert.Throws<ArgumentException>(() => new XTransformer(new() { Dim = 16, Enc = side, Dec = side with { Layers = side.Layers with { Dim = 32 } } })).Message;
        Assert.Contains("Dec.Layers.Dim (32) differs from Dim (16)", message);
    }

    public static TheoryData<string, ScalarType> InHalf =>
        [.. from name in new[] { "rotary", "xpos", "polar" } from type in new[] { ScalarType.BFloat16, ScalarType.Float16 } select new TheoryDataRow<string, ScalarType>(name, type)];

    [Theory]
    [MemberData(nameof(InHalf))]
    public void A_model_in_half_precision_comes_back_in_it_and_its_positions_in_single_precision(string positions, ScalarType type)
    {
        using var net = SmallModels.Decoder(o => o with { RotaryPosEmb = positions == "rotary", RotaryXpos = positions == "xpos", PolarPosEmb = positions == "polar" });
        net.to(type);
        Directory.Save(net, 1);
        var again = Directory.CreateModel();
        Assert.All(again.parameters(), p => Assert.Equal(type, p.dtype));
        Assert.NotEmpty(again.buffers());
        Assert.All(again.buffers(), b => Assert.Equal(ScalarType.Float32, b.dtype));
        foreach (var (key, value) in net.state_dict()) Assert.True(Same(value.cpu(), again.state_dict()[key]), key);
    }

    [Fact]
    public void A_tokenizer_is_given_back_as_it_came()
    {
        Directory.Save(Training().Wrapper, 7, tokenizer: """{"chars": "abc"}""");
        var saved = Directory.ReadProgress();
        Assert.Equal(7, saved.Step);
        Assert.True(JsonNode.DeepEquals(JsonNode.Parse("""{"chars":"abc"}"""), JsonNode.Parse(saved.Tokenizer!)));
    }

    [Fact]
    public void A_tokenizer_that_is_not_JSON_is_refused_before_anything_is_written()
    {
        Assert.Contains("must be JSON", Assert.Throws<ArgumentException>(() => Directory.Save(Training().Wrapper, 0, tokenizer: "abc")).Message);
        Assert.False(Directory.Exists);
    }

    [Fact]
    public void A_new_checkpoint_leaves_only_its_own_files()
    {
        var (wrapper, optimizer) = Training();
        Directory.Save(wrapper, 1, optimizer);
        Directory.Save(wrapper, 2, optimizer);
        var files = System.IO.Directory.GetFiles(Directory.FullPath).Select(Path.GetFileName).Order().ToArray();
        Assert.Equal(3, files.Length);
        Assert.Equal("checkpoint.json", files[0]);
        Assert.All(files[1..], f => Assert.Contains("-000002-", f));
    }

    [Fact]
    public void A_write_that_was_interrupted_leaves_the_checkpoint_before()
    {
        var (wrapper, optimizer) = Training();
        Directory.Save(wrapper, 1, optimizer);
        // What a crash leaves behind: files of a later step that no manifest names.
        _folder.File("run/weights-000002-00000000.safetensors", [1, 2, 3]);
        _folder.File("run/state-000002-00000000.safetensors.0.tmp", [1, 2, 3]);
        Assert.Equal(1, Directory.Restore(wrapper, optimizer).Step);
        Directory.Save(wrapper, 3, optimizer);
        Assert.Equal(3, System.IO.Directory.GetFiles(Directory.FullPath).Length);
    }

    [Fact]
    public void Weights_that_do_not_fit_change_neither_model_nor_optimizer_nor_generator()
    {
        var (wrapper, optimizer) = Training();
        Step(wrapper, optimizer);
        Directory.Save(wrapper, 1, optimizer);
        var (larger, itsOptimizer) = Training(numTokens: 20);
        var before = larger.state_dict().ToDictionary(p => p.Key, p => p.Value.clone());
        var generator = random.get_rng_state();

        var error = Assert.Throws<CheckpointException>(() => Directory.Restore(larger, itsOptimizer));
        Assert.Contains("nothing was changed", error.Message);
        Assert.All(before, p => Assert.True(Same(p.Value, larger.state_dict()[p.Key]), p.Key));
        Assert.True(Same(generator, random.get_rng_state()));

        var weightsAlone = Assert.Throws<CheckpointException>(() => Directory.Restore(larger));
        Assert.Contains("2 misshapen: to_logits.weight (expected [20, 16], found [12, 16]), token_emb.emb.weight", weightsAlone.Message);
    }

    [Fact]
    public void Another_kind_of_optimizer_is_refused_by_name()
    {
        var (wrapper, optimizer) = Training();
        Directory.Save(wrapper, 1, optimizer);
        var error = Assert.Throws<CheckpointException>(() => Directory.Restore(wrapper, optim.SGD(wrapper.parameters(), 0.1)));
        Assert.Contains("Adam", error.Message);
        Assert.Contains("SGD", error.Message);
    }

    [Fact]
    public void A_checkpoint_without_an_optimizer_says_so_when_one_is_asked_for()
    {
        var (wrapper, optimizer) = Training();
        Directory.Save(wrapper, 1);
        Assert.Contains("without an optimizer", Assert.Throws<CheckpointException>(() => Directory.Restore(wrapper, optimizer)).Message);
        Assert.Equal(1, Directory.Restore(wrapper).Step);
    }

    [Theory]
    [InlineData("{", "is damaged")]
    [InlineData("[]", "not a JSON object")]
    [InlineData("""{"format": "other"}""", "its format is 'other'")]
    [InlineData("""{"format": "xt-notebooks-checkpoint-1", "step": "x"}""", "'step'")]
    [InlineData("""{"format": "xt-notebooks-checkpoint-1", "step": 1, "weights": "../w", "state": "s"}""", "must be a file name")]
    [InlineData("""{"format": "xt-notebooks-checkpoint-1", "step": 1, "weights": "gone.safetensors", "state": "s"}""", "no file")]
    public void A_damaged_manifest_is_one_readable_error(string manifest, string says)
    {
        _folder.File("run/checkpoint.json", System.Text.Encoding.UTF8.GetBytes(manifest));
        Assert.Contains(says, Assert.Throws<CheckpointException>(() => Directory.CreateModel()).Message);
    }

    [Fact]
    public void An_option_that_does_not_exist_here_is_named()
    {
        Directory.Save(Training().Wrapper, 1);
        var path = Path.Combine(Directory.FullPath, "checkpoint.json");
        File.WriteAllText(path, File.ReadAllText(path).Replace("\"depth\"", "\"attn_from_the_future\": true, \"depth\""));
        Assert.Contains("attn_from_the_future", Assert.Throws<CheckpointException>(() => Directory.CreateModel()).Message);
    }

    [Theory]
    [InlineData("\"step\"", "\"Critic\": {\"depth\": 2}, \"step\"", "it holds \"Critic\"")]
    [InlineData("\"pad_value\"", "\"from_the_future\": 3, \"pad_value\"", "AutoregressiveWrapper has no option for upstream's from_the_future")]
    [InlineData("\"pad_value\": 0", "\"pad_value\": \"none\"", "pad_value must be of type Int64, but is \"none\"")]
    [InlineData("\"step\"", "\"Encoder\": {}, \"step\"", "it holds \"Encoder\"")]
    public void What_nothing_reads_is_named_not_dropped(string text, string replacement, string says)
    {
        Directory.Save(Training().Wrapper, 1);
        var path = Path.Combine(Directory.FullPath, "checkpoint.json");
        File.WriteAllText(path, File.ReadAllText(path).Replace(text, replacement));
        Assert.Contains(says, Assert.Throws<CheckpointException>(() => Directory.CreateModel()).Message);
    }

    [Fact]
    public void A_directory_without_a_checkpoint_says_so() =>
        Assert.Contains("not a checkpoint directory", Assert.Throws<CheckpointException>(() => Directory.CreateModel()).Message);

    [Fact]
    public void Anybodys_module_is_refused_with_what_to_do_instead() =>
        Assert.Contains("SaveSafetensors", Assert.Throws<ArgumentException>(() => Directory.Save(nn.Linear(2, 2), 0)).Message);

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public void A_damaged_random_generator_is_found_before_anything_is_changed(bool rightSize)
    {
        var (wrapper, optimizer) = Training();
        Step(wrapper, optimizer);
        Directory.Save(wrapper, 1, optimizer);
        var path = System.IO.Directory.GetFiles(Directory.FullPath, "state-*").Single();
        var tensors = Safetensors.Read(path, out var metadata);
        var state = tensors["random_generator"];
        tensors["random_generator"] = rightSize ? full_like(state, 255) : state.narrow(0, 0, 100).clone();
        Safetensors.Write(path, tensors, metadata);

        Step(wrapper, optimizer);
        var weights = wrapper.state_dict().ToDictionary(w => w.Key, w => w.Value.clone());
        var generator = random.get_rng_state();
        Assert.Contains("random generator", Assert.Throws<CheckpointException>(() => Directory.Restore(wrapper, optimizer)).Message);
        Assert.True(Same(generator, random.get_rng_state()));
        Assert.All(wrapper.state_dict(), w => Assert.True(Same(weights[w.Key], w.Value), w.Key));
    }

    [Fact]
    public void Weights_of_several_types_are_one_readable_error()
    {
        var net = Training().Wrapper.Net;
        net.AttnLayers.to(ScalarType.BFloat16);
        Directory.Save(net, 0);
        Assert.Contains("mix", Assert.Throws<CheckpointException>(() => Directory.CreateModel()).Message);
    }

    [Fact]
    public void Double_precision_stays_double()
    {
        var net = Training().Wrapper.Net;
        net.to(ScalarType.Float64);
        Directory.Save(net, 0);
        var parameters = Directory.CreateModel().parameters().ToArray();
        Assert.Equal(net.parameters().Count(), parameters.Length);
        Assert.All(parameters, p => Assert.Equal(ScalarType.Float64, p.dtype));
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public void A_pickle_is_answered_with_the_lines_of_Python_that_convert_it(bool byName)
    {
        var path = _folder.File(byName ? "net.pt" : "net.safetensors", byName ? [1] : "PK\u0003\u0004…"u8.ToArray());
        var message = Assert.Throws<CheckpointException>(() => Training().Wrapper.Net.LoadSafetensors(path)).Message;
        Assert.Equal(3, message.Split('\n').Count(l => l.StartsWith("    ", StringComparison.Ordinal)));
        Assert.Contains("weights_only=True", message);
        Assert.Contains("removeprefix(\"net.\")", message);
        Assert.Contains("clone()", message); // safetensors refuses tensors that share memory
    }

    private static (AutoregressiveWrapper Wrapper, optim.Optimizer Optimizer) Training(int numTokens = 12)
    {
        set_num_threads(1);
        random.manual_seed(0);
        var net = new TransformerWrapper(new()
        {
            NumTokens = numTokens,
            MaxSeqLen = 8,
            AttnLayers = new Decoder(new() { Dim = 16, Depth = 1, Heads = 2, AttnDimHead = 8, AttnDropout = 0.1, FfDropout = 0.1 }),
        });
        // To the bit on the CPU, whatever device other tests are on.
        var wrapper = new AutoregressiveWrapper(net, ignoreIndex: 0).to(CPU);
        return (wrapper, optim.Adam(wrapper.parameters(), 1e-2));
    }

    // Dropout and data are drawn from torch's generator: a resume without it would show.
    private static float Step(AutoregressiveWrapper wrapper, optim.Optimizer optimizer)
    {
        using var scope = NewDisposeScope();
        wrapper.train();
        var loss = wrapper.forward(randint(12, [4, 8], dtype: ScalarType.Int64, device: CPU));
        optimizer.zero_grad();
        loss.backward();
        optimizer.step();
        return loss.item<float>();
    }

    private static bool Same(Tensor a, Tensor b) => a.eq(b).all().item<bool>();

    public void Dispose()
    {
        _scope.Dispose();
        _folder.Dispose();
    }
}
