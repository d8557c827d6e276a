using XtNotebooks.Data;

namespace XtNotebooks.Tests.Data;

public class TokenizerTests
{
    [Theory]
    [InlineData("Call me Ishmael.")]
    [InlineData("Ærøskøbing, naïve façade, 東京, 🐳")]
    public void Text_comes_back_whole(string text)
    {
        ITokenizer[] tokenizers = [new ByteTokenizer(), CharTokenizer.From([text])];
        Assert.All(tokenizers, tokenizer =>
        {
            var ids = tokenizer.Encode(text);
            Assert.Equal(text, tokenizer.Decode(ids));
            Assert.All(ids, id => Assert.InRange(id, 0, tokenizer.NumTokens - 1));
            Assert.DoesNotContain(tokenizer.PadId, ids);
        });
    }

    [Fact]
    public void Decoding_ends_at_the_first_end_and_skips_pads_and_begin()
    {
        var tokenizer = CharTokenizer.From(["abc"]);
        Assert.Equal("ab", tokenizer.Decode([tokenizer.BosId, 3, tokenizer.PadId, 4, tokenizer.EosId, 5]));
    }

    [Fact]
    public void Characters_of_all_lines_are_numbered_in_code_order_after_the_special_tokens()
    {
        var tokenizer = CharTokenizer.From(["ba", "c b"]);
        Assert.Equal(7, tokenizer.NumTokens);
        Assert.Equal([3L, 4, 5, 6], tokenizer.Encode(" abc"));
        Assert.Equal(["⟨pad⟩", "⟨bos⟩", "⟨eos⟩", "␣", "a"], Enumerable.Range(0, 5).Select(id => tokenizer.Label(id)));
        Assert.Equal(["special", "spaces", "letters"], new long[] { 0, 3, 4 }.Select(tokenizer.ClassOf));
    }

    [Fact]
    public void A_character_it_does_not_know_is_named_with_its_place() =>
        Assert.StartsWith("'x' (character 1 of \"axb\") is not among the 2 characters of this tokenizer;",
            Assert.Throws<ArgumentException>(() => CharTokenizer.From(["ab"]).Encode("axb")).Message);

    [Fact]
    public void A_control_code_that_would_be_a_special_token_is_refused() =>
        Assert.Contains("control code 3 at character 2", Assert.Throws<ArgumentException>(() => new ByteTokenizer().Encode("ab\u0003")).Message);

    [Fact]
    public void An_id_that_is_no_token_is_refused()
    {
        Assert.Contains("ids are 0 to 255", Assert.Throws<ArgumentException>(() => new ByteTokenizer().Decode([300])).Message);
        Assert.Contains("ids are 0 to 3", Assert.Throws<ArgumentException>(() => CharTokenizer.From(["a"]).Decode([4])).Message);
    }

    [Fact]
    public void An_id_that_only_a_model_with_a_larger_vocabulary_has_is_labelled_by_its_number()
    {
        foreach (var tokenizer in new ITokenizer[] { new ByteTokenizer(), CharTokenizer.From(["a"]) })
        {
            Assert.Equal(["⟨-1⟩", "⟨300⟩"], new long[] { -1, 300 }.Select(tokenizer.Label));
            Assert.Equal(["other", "other"], new long[] { -1, 300 }.Select(tokenizer.ClassOf));
        }
    }

    [Fact]
    public void No_text_makes_no_vocabulary() => Assert.Throws<ArgumentException>(() => CharTokenizer.From([""]));

    [Fact]
    public void The_sample_texts_are_whole()
    {
        Assert.Equal((8422, "Aaren"), (SampleData.FirstNames.Count, SampleData.FirstNames[0]));
        Assert.Equal((10390, "Call me Ishmael."), (SampleData.MobyDickSentences.Count, SampleData.MobyDickSentences[0]));
        Assert.All(SampleData.FirstNames, name => Assert.InRange(name.Length, 2, 15));
        Assert.All(SampleData.MobyDickSentences, sentence => Assert.InRange(sentence.Length, 8, 126));
    }
}
