using XtNotebooks.Kernel.Packages;
using XtNotebooks.Kernel.Scripting;
using XtNotebooks.Kernel.Tests.Scripting;

namespace XtNotebooks.Kernel.Tests.Packages;

public sealed class PackageReferenceTests
{
    private static string Saying(string text, string type = "Greeter") => $"namespace Greetings; public static class {type} {{ public static string Hello => \"{text}\"; }}";

    [Fact]
    public async Task A_referenced_package_is_usable_in_the_same_cell()
    {
        using var feed = new TestFeed();
        feed.Add("Greetings.One", "1.0.0", Saying("hello"));
        await using var notebook = new Notebook(feed.Options);
        Assert.Equal("hello", await notebook.Value("#r \"nuget: Greetings.One, 1.0.0\"\nusing Greetings;\nGreeter.Hello"));
    }

    [Fact]
    public async Task Without_a_version_the_latest_release_is_taken_and_pre_releases_only_when_asked_for()
    {
        using var feed = new TestFeed();
        feed.Add("Greetings.One", "1.0.0", Saying("one"));
        feed.Add("Greetings.One", "1.2.0", Saying("one two"));
        feed.Add("Greetings.One", "2.0.0-beta.1", Saying("beta"));
        await using var latest = new Notebook(feed.Options);
        Assert.Equal("one two", await latest.Value("#r \"nuget: Greetings.One\"\nGreetings.Greeter.Hello"));
        await using var early = new Notebook(feed.Options);
        Assert.Equal("beta", await early.Value("#r \"nuget: Greetings.One, *-*\"\nGreetings.Greeter.Hello"));
        await using var range = new Notebook(feed.Options);
        Assert.Equal("one", await range.Value("#r \"nuget: Greetings.One, [1.0,1.1)\"\nGreetings.Greeter.Hello"));
    }

    [Fact]
    public async Task Several_packages_of_one_cell_come_with_what_they_depend_on()
    {
        using var feed = new TestFeed();
        feed.Add("Base.Words", "1.0.0", Saying("base", "Words"));
        feed.Add("Greetings.One", "1.0.0", Saying("one", "One"), """<dependency id="Base.Words" version="1.0.0" />""");
        feed.Add("Greetings.Two", "1.0.0", Saying("two", "Two"));
        await using var notebook = new Notebook(feed.Options);
        Assert.Equal("one two base", await notebook.Value(
            "#r \"nuget: Greetings.One\"\n#r \"nuget:Greetings.Two\"\nusing Greetings;\n$\"{One.Hello} {Two.Hello} {Words.Hello}\""));
    }

    [Fact]
    public async Task A_package_that_does_not_exist_is_said_in_one_line_and_the_session_goes_on()
    {
        using var feed = new TestFeed();
        await using var notebook = new Notebook(feed.Options);
        var error = await notebook.Error("#r \"nuget: No.Such.Package\"");
        Assert.Equal("PackageError", error.Name);
        Assert.Contains("NU1101", error.Message, StringComparison.Ordinal);
        Assert.Contains("No.Such.Package", error.Message, StringComparison.Ordinal);
        Assert.Contains("test feed", error.Message, StringComparison.Ordinal);
        Assert.DoesNotContain('\n', error.Message);
        Assert.Equal("2", await notebook.Value("1 + 1"));
    }

    [Fact]
    public async Task A_version_that_does_not_exist_and_one_that_is_none_are_told_apart()
    {
        using var feed = new TestFeed();
        feed.Add("Greetings.One", "1.0.0", Saying("one"));
        await using var notebook = new Notebook(feed.Options);
        Assert.Contains("NU1102", (await notebook.Error("#r \"nuget: Greetings.One, 9.0.0\"")).Message, StringComparison.Ordinal);
        Assert.Contains("is no version of Greetings.One", (await notebook.Error("#r \"nuget: Greetings.One, new\"")).Message, StringComparison.Ordinal);
        Assert.Contains("names no package", (await notebook.Error("#r \"nuget:\"")).Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Versions_that_cannot_go_together_are_explained()
    {
        using var feed = new TestFeed();
        feed.Add("Base.Words", "1.0.0", Saying("base 1", "Words"));
        feed.Add("Base.Words", "2.0.0", Saying("base 2", "Words"));
        feed.Add("Needs.Old", "1.0.0", Saying("old", "Old"), """<dependency id="Base.Words" version="[1.0.0]" />""");
        feed.Add("Needs.New", "1.0.0", Saying("new", "New"), """<dependency id="Base.Words" version="[2.0.0]" />""");
        await using var notebook = new Notebook(feed.Options);
        var error = await notebook.Error("#r \"nuget: Needs.Old\"\n#r \"nuget: Needs.New\"");
        Assert.Contains("NU1107", error.Message, StringComparison.Ordinal);
        Assert.Contains("Base.Words", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Another_version_of_what_is_loaded_is_refused_with_the_way_out()
    {
        using var feed = new TestFeed();
        feed.Add("Base.Words", "1.0.0", Saying("base 1", "Words"));
        feed.Add("Base.Words", "2.0.0", Saying("base 2", "Words"));
        await using var notebook = new Notebook(feed.Options);
        Assert.Equal("base 1", await notebook.Value("#r \"nuget: Base.Words, 1.0.0\"\nGreetings.Words.Hello"));
        var error = await notebook.Error("#r \"nuget: Base.Words, 2.0.0\"");
        Assert.Contains("already loaded Base.Words.dll of Base.Words 1.0.0; restart the kernel", error.Message, StringComparison.Ordinal);
        Assert.Equal("base 1", await notebook.Value("Greetings.Words.Hello"));
    }

    [Fact]
    public async Task A_feed_given_by_i_is_searched_too()
    {
        using var feed = new TestFeed();
        feed.Add("Greetings.Far", "1.0.0", Saying("far"), feed: "notebooks/more");
        await using var notebook = new Notebook(feed.Options);
        Assert.Equal("far", await notebook.Value("#i \"nuget: ./more\"\n#r \"nuget: Greetings.Far\"\nGreetings.Greeter.Hello"));
        Assert.Contains("is no folder", (await notebook.Error("#i \"nuget: ./none\"\n#r \"nuget: Greetings.More\"")).Message, StringComparison.Ordinal);
        // A slip does not spoil what follows, and the feeds that were right stay.
        feed.Add("Greetings.Later", "1.0.0", Saying("later", "Later"), feed: "notebooks/more");
        Assert.Equal("later", await notebook.Value("#r \"nuget: Greetings.Later\"\nGreetings.Later.Hello"));
    }

    [Fact]
    public async Task Native_libraries_of_the_runtime_are_found_and_stay_where_they_are()
    {
        using var feed = new TestFeed();
        feed.Add("With.Native", "1.0.0", Saying("native"), files: [($"runtimes/{System.Runtime.InteropServices.RuntimeInformation.RuntimeIdentifier}/native/libx.so", [1])]);
        await using var notebook = new Notebook(feed.Options);
        await notebook.Value("#r \"nuget: With.Native\"");
        var directory = Assert.Single(notebook.Session.Notebook.NativeLibraryDirectories);
        Assert.StartsWith(Path.Combine(feed.Root, "packages", "with.native"), directory, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_repeated_request_is_answered_from_memory_until_something_changes()
    {
        using var feed = new TestFeed();
        feed.Add("Greetings.One", "1.0.0", Saying("one"));
        var restores = 0;
        Assert.Equal("1.0.0", await Resolve());
        Assert.Equal("1.0.0", await Resolve());
        Assert.Equal(1, restores);
        feed.Add("Greetings.One", "1.1.0", Saying("one one"));
        Assert.Equal("1.1.0", await Resolve());
        Assert.Equal(2, restores);
        Directory.Delete(Path.Combine(feed.Root, "packages", "greetings.one"), recursive: true);
        Assert.Equal("1.1.0", await Resolve());
        Assert.Equal(3, restores);

        async Task<string> Resolve()
        {
            var resolver = new PackageResolver(feed.Folder, new RestoreCache(feed.Options.CacheDirectory, TimeProvider.System), (requests, feeds, folder, progress, cancellationToken) =>
            {
                restores++;
                return NuGetRestore.RunAsync(requests, feeds, folder, progress, cancellationToken);
            });
            var found = await resolver.ResolveAsync([PackageRequest.Parse("Greetings.One")], [], _ => { }, TestContext.Current.CancellationToken);
            Assert.True(found.Exists());
            return Assert.Single(found.Packages).Version;
        }
    }

    [Fact]
    public async Task An_assembly_file_is_referenced_by_its_path_relative_to_the_notebook()
    {
        using var feed = new TestFeed();
        File.WriteAllBytes(Path.Combine(feed.Folder, "Mine.dll"), TestFeed.Compile("Mine", "1.0.0", Saying("mine"), []));
        await using var notebook = new Notebook(feed.Options);
        Assert.Equal("mine", await notebook.Value("#r \"Mine.dll\"\nGreetings.Greeter.Hello"));
        Assert.Null(await notebook.Value("#r \"System.Xml\""));
        var missing = await notebook.Error("\n#r \"Other.dll\"");
        Assert.Contains("Cell 3, line 2: there is no file", missing.Message, StringComparison.Ordinal);
        File.WriteAllText(Path.Combine(feed.Folder, "Text.dll"), "no assembly");
        Assert.Contains("is no .NET assembly", (await notebook.Error("#r \"Text.dll\"")).Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task What_looks_like_a_reference_inside_a_string_is_left_alone()
    {
        await using var notebook = new Notebook();
        Assert.Equal("\n#r \"nuget: No.Such.Package\"\n", await notebook.Value("\"\"\"\n\n#r \"nuget: No.Such.Package\"\n\n\"\"\""));
        Assert.Equal("1", await notebook.Value("/*\n#r \"nuget: No.Such.Package\"\n*/\n1"));
        Assert.Equal("1", await notebook.Value("#if false\n#r \"nuget: No.Such.Package\"\n#!nothing\n#endif\n1"));
    }

    [Fact]
    public async Task A_loaded_file_brings_its_own_references_and_declarations()
    {
        using var feed = new TestFeed();
        feed.Add("Greetings.One", "1.0.0", Saying("one"));
        File.WriteAllText(Path.Combine(feed.Folder, "tools.csx"), "#r \"nuget: Greetings.One\"\nstring Greet(string name) => $\"{Greetings.Greeter.Hello}, {name}\";");
        await using var notebook = new Notebook(feed.Options);
        Assert.Equal("one, two", await notebook.Value("#load \"tools.csx\"\nGreet(\"two\")"));
        Assert.Equal("one, three", await notebook.Value("Greet(\"three\")"));
        File.WriteAllText(Path.Combine(feed.Folder, "held.csx"), "using var held = new StringReader(\"x\");\nFunc<int, int> endless = null;\nendless = n => endless(n + 1) + 1;");
        Assert.Equal("x", await notebook.Value("#load \"held.csx\"\nheld.ReadToEnd()"));
        Assert.Contains("disposed", (await notebook.Error("held.ReadToEnd()")).Name, StringComparison.OrdinalIgnoreCase);
        Assert.Equal("System.InsufficientExecutionStackException", (await notebook.Error("endless(0)")).Name);
        var error = await notebook.Error("#load \"none.csx\"");
        Assert.Equal("CompilationError", error.Name);
        Assert.Contains("none.csx", error.Message, StringComparison.Ordinal);
    }
}
