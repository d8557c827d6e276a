using System.Text;

namespace XtNotebooks.Transformers.Tests.Checkpoints;

public sealed class SafetensorsTests : IDisposable
{
    private readonly string _folder = Directory.CreateTempSubdirectory("xt-safetensors-").FullName;

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    private string Write(string header, byte[] data, ulong? length = null)
    {
        var path = Path.Combine(_folder, $"{Guid.NewGuid():N}.safetensors");
        var text = Encoding.UTF8.GetBytes(header);
        File.WriteAllBytes(path, [.. BitConverter.GetBytes(length ?? (ulong)text.Length), .. text, .. data]);
        return path;
    }

    private static string Refusal(string path) => Assert.Throws<CheckpointException>(() => Safetensors.Read(path)).Message;

    [Theory]
    [InlineData(ScalarType.Float32)]
    [InlineData(ScalarType.Float64)]
    [InlineData(ScalarType.Float16)]
    [InlineData(ScalarType.BFloat16)]
    [InlineData(ScalarType.Int64)]
    [InlineData(ScalarType.Int32)]
    [InlineData(ScalarType.Byte)]
    [InlineData(ScalarType.Bool)]
    public void Tensors_of_every_type_come_back_as_they_were(ScalarType type)
    {
        using var scope = NewDisposeScope();
        var path = Path.Combine(_folder, "all.safetensors");
        var tensors = new Dictionary<string, Tensor>
        {
            ["matrix"] = (randn(3, 4) * 3).to(type),
            ["transposed"] = (randn(4, 3) * 3).to(type).t(),
            ["scalar"] = tensor(2).to(type),
            ["empty"] = empty([0, 5], dtype: type),
        };
        Safetensors.Write(path, tensors, new Dictionary<string, string> { ["note"] = "ä \" <" });
        var read = Safetensors.Read(path, out var metadata);
        Assert.Equal(tensors.Keys.Order(), read.Keys.Order());
        Assert.Equal("ä \" <", metadata["note"]);
        foreach (var (name, expected) in tensors)
        {
            Assert.Equal(type, read[name].dtype);
            Assert.Equal(expected.shape, read[name].shape);
            Assert.True(expected.equal(read[name]).all().item<bool>(), name);
        }
    }

    [Fact]
    public void A_file_that_Python_wrote_is_written_again_with_the_same_tensors()
    {
        using var scope = NewDisposeScope();
        var recorded = Path.Combine(Golden.GoldenCase.Folders("XT_GOLDEN_DIR", "golden", "case.json").First(), "data.safetensors");
        var original = Safetensors.Read(recorded);
        var path = Path.Combine(_folder, "again.safetensors");
        Safetensors.Write(path, original);
        foreach (var (name, read) in Safetensors.Read(path)) Assert.True(original[name].equal(read).all().item<bool>(), name);
    }

    [Fact]
    public void A_failed_write_leaves_the_old_file_and_nothing_else()
    {
        using var scope = NewDisposeScope();
        var path = Path.Combine(_folder, "kept.safetensors");
        Safetensors.Write(path, new Dictionary<string, Tensor> { ["a"] = ones(2) });
        var before = File.ReadAllBytes(path);
        Assert.ThrowsAny<Exception>(() => AtomicFile.Write(path, stream =>
        {
            stream.WriteByte(1);
            throw new IOException("disk full");
        }));
        Assert.Equal(before, File.ReadAllBytes(path));
        Assert.Single(Directory.GetFiles(_folder));
    }

    [Fact]
    public void A_missing_file_is_named() => Assert.Contains("nowhere.safetensors", Refusal(Path.Combine(_folder, "nowhere.safetensors")), StringComparison.Ordinal);

    [Fact]
    public void A_huge_header_is_refused_before_anything_is_allocated()
    {
        var path = Write("{}", [], ulong.MaxValue / 2);
        var before = GC.GetAllocatedBytesForCurrentThread();
        Assert.Contains("header claims", Refusal(path), StringComparison.Ordinal);
        Assert.True(GC.GetAllocatedBytesForCurrentThread() - before < 1_000_000);
    }

    [Fact]
    public void A_huge_tensor_is_refused_before_anything_is_allocated() => Assert.Contains(
        "truncated", Refusal(Write("""{"a":{"dtype":"F32","shape":[1000000000000],"data_offsets":[0,4000000000000]}}""", new byte[16])), StringComparison.Ordinal);

    public static TheoryData<string, int, string> Damaged => new()
    {
        { """{"a":{"dtype":"F32","shape":[4],"data_offsets":[0,16]}}""", 12, "truncated" },
        { """{"a":{"dtype":"F32","shape":[4],"data_offsets":[0,16]}}""", 20, "20 bytes of data" },
        { """{"a":{"dtype":"F32","shape":[3],"data_offsets":[0,16]}}""", 16, "needs 12 bytes" },
        { """{"a":{"dtype":"F32","shape":[2],"data_offsets":[0,8]},"b":{"dtype":"F32","shape":[2],"data_offsets":[4,12]}}""", 12, "'a' and 'b' overlap" },
        { """{"a":{"dtype":"F32","shape":[2],"data_offsets":[0,8]},"b":{"dtype":"F32","shape":[2],"data_offsets":[12,20]}}""", 20, "hole" },
        { """{"a":{"dtype":"F32","shape":[2],"data_offsets":[8,0]}}""", 8, "invalid data_offsets" },
        { """{"a":{"dtype":"F32","shape":[-2],"data_offsets":[0,8]}}""", 8, "negative" },
        { """{"a":{"dtype":"F32","shape":[9223372036854775807,9223372036854775807],"data_offsets":[0,8]}}""", 8, "'a'" },
        { """{"a":{"dtype":"F33","shape":[2],"data_offsets":[0,8]}}""", 8, "F33" },
        { """{"a":{"shape":[2],"data_offsets":[0,8]}}""", 8, "'a' needs a dtype" },
        { """{"a":7}""", 0, "'a' needs a dtype" },
        { """[1]""", 0, "not a JSON object" },
        { """{"a":""", 0, "not JSON" },
        { """{"a":{"dtype":"U8","shape":[1],"data_offsets":[0,1]},"a":{"dtype":"U8","shape":[1],"data_offsets":[1,2]}}""", 2, "occurs twice" },
    };

    [Theory]
    [MemberData(nameof(Damaged))]
    public void A_damaged_file_is_refused_with_one_sentence(string header, int bytes, string reason)
    {
        var message = Refusal(Write(header, new byte[bytes]));
        Assert.Contains(reason, message, StringComparison.Ordinal);
        Assert.DoesNotContain('\n', message);
    }

    [Fact]
    public void A_file_cut_off_in_its_length_is_refused()
    {
        var path = Path.Combine(_folder, "short.safetensors");
        File.WriteAllBytes(path, [1, 2, 3]);
        Assert.Contains("only 3 bytes", Refusal(path), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("model.pt", new byte[] { 1, 2, 3 })]
    [InlineData("model.bin", new byte[] { 0x50, 0x4B, 3, 4 })]
    [InlineData("old.bin", new byte[] { 0x80, 0x02, 1 })]
    public void A_pickle_is_never_run_but_told_how_to_convert(string name, byte[] content)
    {
        var path = Path.Combine(_folder, name);
        File.WriteAllBytes(path, content);
        var message = Refusal(path);
        Assert.Contains("weights_only=True", message, StringComparison.Ordinal);
        Assert.Contains("removeprefix(\"net.\")", message, StringComparison.Ordinal);
        Assert.Contains("clone()", message, StringComparison.Ordinal);
        Assert.Contains(name, message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(640)] // 0x0280: in the file, the first two bytes of an old pickle
    [InlineData(19280)] // 0x4B50: "PK", the first two of a zip archive
    public void A_header_whose_length_looks_like_a_pickle_is_a_header(int length)
    {
        using var scope = NewDisposeScope();
        var header = """{"a":{"dtype":"U8","shape":[1],"data_offsets":[0,1]}}""".PadRight(length);
        Assert.Equal(7, Safetensors.Read(Write(header, [7]))["a"].item<byte>());
    }

    [Fact]
    public void Tensors_of_different_types_begin_where_their_elements_may()
    {
        using var scope = NewDisposeScope();
        var path = Path.Combine(_folder, "mixed.safetensors");
        Safetensors.Write(path, new Dictionary<string, Tensor> { ["a"] = ones(3, dtype: ScalarType.Byte), ["b"] = ones(3, dtype: ScalarType.BFloat16), ["c"] = ones(3), ["d"] = ones(1, dtype: ScalarType.Int64) });
        using var stream = File.OpenRead(path);
        var header = SafetensorsHeader.Read(stream, "mixed.safetensors");
        Assert.All(header.Entries, e => Assert.Equal(0, (header.DataStart + e.Begin) % SafetensorsTypes.Size(e.Type)));
    }
}
