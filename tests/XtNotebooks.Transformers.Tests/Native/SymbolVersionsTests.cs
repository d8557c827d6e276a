using XtNotebooks.Transformers.Native;

namespace XtNotebooks.Transformers.Tests.Native;

public sealed class SymbolVersionsTests : IDisposable
{
    private static readonly string RealBridge = BackendChoice.Make(SearchPlaces.OfThisProcess([])).Bridge;
    private readonly TemporaryFolder folder = new();

    public void Dispose() => folder.Dispose();

    [Fact]
    public void The_cure_changes_one_bit_of_the_real_library()
    {
        var original = File.ReadAllBytes(RealBridge);
        var cured = SymbolVersions.Relax(RealBridge, ["GLIBCXX_3.4.32"]);
        var changed = Enumerable.Range(0, original.Length).Where(i => original[i] != cured[i]).ToList();
        var at = Assert.Single(changed);
        Assert.Equal(2, original[at] ^ cured[at]);
    }

    [Fact]
    public void The_cured_library_asks_for_nothing_less_by_name()
    {
        var cured = folder.File("libLibTorchSharp.so", SymbolVersions.Relax(RealBridge, ["GLIBCXX_3.4.32"]));
        Assert.Equal(ElfFile.Open(RealBridge).VersionNeeds(), ElfFile.Open(cured).VersionNeeds());
        Assert.Contains("libtorch.so", ElfFile.Open(cured).Needed());
    }

    [Fact]
    public void A_library_that_needs_no_cure_stays_as_it_is() =>
        Assert.Equal(File.ReadAllBytes(RealBridge), SymbolVersions.Relax(RealBridge, ["GLIBCXX_99"]));

    [Fact]
    public void A_version_whose_functions_are_used_is_not_made_optional()
    {
        var needs = ElfFile.Open(RealBridge).VersionNeeds();
        Assert.Contains(needs, need => need.Name == "GLIBCXX_3.4");
        var error = Assert.Throws<LibTorchException>(() => SymbolVersions.Relax(RealBridge, ["GLIBCXX_3.4"]));
        Assert.Contains("uses functions of GLIBCXX_3.4, which this system's libstdc++.so.6 does not have", error.Message);
    }

    [Theory]
    [InlineData(0)]
    [InlineData(3)]
    [InlineData(63)]
    [InlineData(64)]
    [InlineData(4_000)]
    [InlineData(250_000)]
    [InlineData(2_000_000)]
    public void A_truncated_library_is_one_sentence(int length)
    {
        var cut = folder.File("cut.so", File.ReadAllBytes(RealBridge)[..length]);
        var error = Assert.Throws<LibTorchException>(() => SymbolVersions.Relax(cut, ["GLIBCXX_3.4.32"]));
        Assert.StartsWith(cut, error.Message);
        Assert.Contains("restore its package again", error.Message);
    }

    [Fact]
    public void A_file_that_is_no_library_is_one_sentence()
    {
        var text = folder.File("text.so", System.Text.Encoding.ASCII.GetBytes(new string('x', 5000)));
        var error = Assert.Throws<LibTorchException>(() => SymbolVersions.Relax(text, ["GLIBCXX_3.4.32"]));
        Assert.Equal($"{text} is not a 64-bit ELF library; restore its package again (dotnet restore --force).", error.Message);
    }

    [Fact]
    public void Random_damage_never_escapes_as_another_error()
    {
        var original = File.ReadAllBytes(RealBridge);
        var random = new Random(1);
        for (var round = 0; round < 30; round++)
        {
            var bytes = (byte[])original.Clone();
            // The header, the section table at the end, and the tables in front: the parts that are read.
            for (var i = 0; i < 40; i++)
            {
                var region = random.Next(3);
                var at = region switch { 0 => random.Next(64), 1 => bytes.Length - 1 - random.Next(2000), _ => 0x3dfae + random.Next(0x2000) };
                bytes[at] = (byte)random.Next(256);
            }
            var damaged = folder.File("damaged.so", bytes);
            var error = Record.Exception(() => SymbolVersions.Relax(damaged, ["GLIBCXX_3.4.32"]));
            Assert.True(error is null or LibTorchException, error?.ToString());
        }
    }
}
