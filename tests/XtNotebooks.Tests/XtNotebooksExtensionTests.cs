using System.Diagnostics.CodeAnalysis;
using XtNotebooks.Extensibility;

namespace XtNotebooks.Tests;

public class XtNotebooksExtensionTests
{
    [Fact]
    public void A_host_finds_exactly_one_extension_with_a_parameterless_constructor()
    {
        var type = Assert.Single(typeof(XtNotebooksExtension).Assembly.GetExportedTypes(), t => typeof(INotebookExtension).IsAssignableFrom(t) && !t.IsAbstract);
        Assert.NotNull(type.GetConstructor(Type.EmptyTypes));
    }

    [Fact]
    public void Loading_tells_how_libtorch_was_loaded_and_shows_nothing()
    {
        var notebook = new RecordingNotebook();
        new XtNotebooksExtension().Load(notebook);
        Assert.StartsWith("libtorch 2.", notebook.Reports.Single(report => report.Title == "libtorch").Read());
        Assert.All(notebook.Reports, report => Assert.DoesNotContain('\n', report.Read()));
        Assert.Empty(notebook.Shown);
    }

    [Fact]
    public void Every_magic_is_described_and_no_two_share_a_name()
    {
        var notebook = new RecordingNotebook();
        new XtNotebooksExtension().Load(notebook);
        Assert.Equal(notebook.Magics.Count, notebook.Magics.Select(magic => magic.Name).Distinct().Count());
        Assert.All(notebook.Magics, magic =>
        {
            Assert.Matches("^#!xt-[a-z-]+$", magic.Name);
            Assert.NotEmpty(magic.Summary);
            Assert.NotEmpty(magic.Examples);
            Assert.All(magic.Options, option => Assert.Matches("^--[a-z-]+$", option.Name));
            Assert.All(magic.Options, option => Assert.NotEmpty(option.Summary));
        });
    }
}

/// <summary>A notebook that remembers what an extension did to it.</summary>
internal sealed class RecordingNotebook : INotebook
{
    public List<NotebookReport> Reports { get; } = [];
    public List<MagicCommand> Magics { get; } = [];
    public List<object?> Shown { get; } = [];
    public Dictionary<string, NotebookVariable> Declared { get; } = [];

    /// <summary>Called with what is displayed, and with what takes its place.</summary>
    public Action<object?>? OnShown { get; set; }

    public NotebookHost Host { get; } = new("test", "1", CanUpdateAfterCell: true, CanInterrupt: true);
    public IReadOnlyList<NotebookVariable> Variables => [.. Declared.Values];
    public IReadOnlyList<string> NativeLibraryDirectories => [];

    public IDisplayHandle Display(object? value)
    {
        Shown.Add(value);
        OnShown?.Invoke(value);
        return new Handle(this, Shown.Count - 1);
    }

    public void Write(string text) => Shown.Add(text);
    public bool TryGetVariable(string name, [MaybeNullWhen(false)] out NotebookVariable variable) => Declared.TryGetValue(name, out variable);
    public void SetVariable(string name, object? value, Type type) => Declared[name] = new(name, type, value);
    public void AddMagic(MagicCommand magic) => Magics.Add(magic);
    public void RegisterFormatter(Type type, string mimeType, Func<object, string?> format) { }
    public void AddReport(NotebookReport report) => Reports.Add(report);

    private sealed class Handle(RecordingNotebook notebook, int at) : IDisplayHandle
    {
        public void Update(object? value)
        {
            notebook.Shown[at] = value;
            notebook.OnShown?.Invoke(value);
        }
    }
}
