using System.Text.Json;

namespace XtNotebooks.Transformers.Tests.Options;

/// <summary>Our options are upstream's: names, defaults, and the page that lists them.</summary>
public sealed class OptionsTableTests
{
    [Fact]
    public void The_page_of_options_says_what_the_code_has()
    {
        var page = Path.Combine(StoredOptions.Beside("../../.."), "docs", "options.md");
        var text = OptionsTable.Markdown();
        if (Environment.GetEnvironmentVariable("XT_ACCEPT_SNAPSHOTS") == "1") File.WriteAllText(page, text);
        Assert.True(File.ReadAllText(page) == text, "docs/options.md is not what the code has; write it anew with XT_ACCEPT_SNAPSHOTS=1.");
    }

    [Fact]
    public void No_option_is_our_own_invention() => Assert.Empty(OptionsTable.Inventions());

    [Fact]
    public void Every_option_that_is_built_is_tested() => Assert.DoesNotContain(OptionsTable.Untested, OptionsTable.Markdown());

    [Fact]
    public void What_is_not_applicable_is_an_option_of_upstreams_and_not_of_ours() => Assert.Empty(OptionsTable.WronglyNotApplicable());

    public static TheoryData<string> OfTheWrapper => new(StoredOptions.Upstream[nameof(AutoregressiveWrapper)].Keys);

    [Theory]
    [MemberData(nameof(OfTheWrapper))]
    public void The_wrappers_parameters_and_their_defaults_are_upstreams(string option)
    {
        var parameter = OptionsTable.Parameter(nameof(AutoregressiveWrapper), option);
        Assert.NotNull(parameter);
        var hasDefault = StoredOptions.Upstream[nameof(AutoregressiveWrapper)][option].TryGetProperty("default", out var upstream);
        Assert.Equal(hasDefault, parameter.HasDefaultValue);
        if (!hasDefault) return;
        if (upstream.ValueKind == JsonValueKind.Number) Assert.Equal(upstream.GetDouble(), Convert.ToDouble(parameter.DefaultValue, System.Globalization.CultureInfo.InvariantCulture));
        else Assert.Equal(upstream.GetRawText(), JsonSerializer.Serialize(parameter.DefaultValue));
    }

    [Fact]
    public void The_wrapper_has_no_parameter_of_our_own_invention() => Assert.Equal(
        StoredOptions.Upstream[nameof(AutoregressiveWrapper)].Keys.Order(),
        typeof(AutoregressiveWrapper).GetConstructors().Single().GetParameters().Select(p => UpstreamArguments.Snake(p.Name!)).Order());

    public static TheoryData<string, string> Built =>
        [.. from c in StoredOptions.Upstream from o in c.Value.Keys where OptionsTable.Property(c.Key, o) is not null select new TheoryDataRow<string, string>(c.Key, o)];

    [Theory]
    [MemberData(nameof(Built))]
    public void Defaults_are_upstreams(string className, string option)
    {
        var property = OptionsTable.Property(className, option)!;
        if (!StoredOptions.Upstream[className][option].TryGetProperty("default", out var upstream)) return; // required there
        var ours = JsonSerializer.SerializeToElement(property.GetValue(Activator.CreateInstance(property.DeclaringType!)));
        if (upstream.ValueKind == JsonValueKind.Number) Assert.Equal(upstream.GetDouble(), ours.GetDouble());
        // No depth, no context and so on: what upstream calls None may be a zero here.
        else if (upstream.ValueKind == JsonValueKind.Null) Assert.True(ours.ValueKind == JsonValueKind.Null || ours.GetRawText() == "0", $"{option} is {ours}, not none");
        else Assert.Equal(upstream.GetRawText(), ours.GetRawText());
    }
}
