using System.Diagnostics.CodeAnalysis;
using System.Reflection;
using XtNotebooks.Extensibility;

namespace XtNotebooks.Kernel.Scripting;

/// <summary>The session as extensions and cells see it.</summary>
internal sealed class NotebookSession(CodeSession session) : INotebook
{
    private readonly List<NotebookReport> _reports = [];
    private readonly List<Func<int, IDisposable?>> _watches = [];
    private readonly Lock _lock = new();

    public NotebookHost Host { get; } = new(
        "XtNotebooks",
        typeof(NotebookSession).Assembly.GetCustomAttribute<AssemblyInformationalVersionAttribute>()?.InformationalVersion.Split('+')[0] ?? "0",
        session.Options.CanUpdateAfterCell,
        CanInterrupt: true)
    {
        TellsOfCells = true,
    };

    public IReadOnlyList<NotebookVariable> Variables => session.Variables.All();

    public IReadOnlyList<string> NativeLibraryDirectories => session.LoadContext.NativeDirectories;

    public IComms? Comms => session.Comms;

    public IReadOnlyList<NotebookReport> Reports
    {
        get
        {
            lock (_lock)
                return [.. _reports];
        }
    }

    public IDisplayHandle Display(object? value)
    {
        var output = Output;
        var handle = new DisplayHandle(session, output, Guid.NewGuid().ToString("N"));
        output.Display(session.Formatters.Format(value), handle.Id);
        return handle;
    }

    public void Write(string text) => Output.Stream(StreamName.Stdout, text);

    public bool TryGetVariable(string name, [MaybeNullWhen(false)] out NotebookVariable variable) => session.Variables.TryGet(name, out variable);

    public void SetVariable(string name, object? value, Type type) => session.SetVariable(name, value, type);

    public void AddMagic(MagicCommand magic) => session.Magics.Add(magic);

    public void RegisterFormatter(Type type, string mimeType, Func<object, string?> format) => session.Formatters.Register(type, mimeType, format);

    public void AddReport(NotebookReport report)
    {
        lock (_lock)
        {
            _reports.RemoveAll(other => other.Title == report.Title && other.Kind == report.Kind);
            _reports.Add(report);
        }
    }

    public void WatchCells(Func<int, IDisposable?> watch)
    {
        lock (_lock)
            _watches.Add(watch);
        // An extension begins in the cell that loads it.
        if (CellContext.Current is { } cell && watch(cell.Request.Number) is { } end)
            cell.DisposeAtEnd(end);
    }

    /// <summary>Tells those who watch that a cell begins, on its thread.</summary>
    public IReadOnlyList<IDisposable> BeginCell(int number)
    {
        Func<int, IDisposable?>[] watches;
        lock (_lock)
            watches = [.. _watches];
        return [.. watches.Select(watch => watch(number)).OfType<IDisposable>()];
    }

    /// <summary>Whether a value stands for what the cell has displayed: as its last value there is nothing more to show.</summary>
    public static bool IsDisplayOf(CellContext cell, object value) => value is DisplayHandle handle && handle.Output == cell.Output;

    private static ICellOutput Output =>
        CellContext.Current?.Output ?? throw new InvalidOperationException("Nothing can be shown here: no cell of the notebook runs this code.");

    private sealed class DisplayHandle(CodeSession session, ICellOutput output, string id) : IDisplayHandle
    {
        public string Id => id;

        public ICellOutput Output => output;

        public override string ToString() => $"display {id}";

        // The update belongs to the cell that makes it: headless clients drop messages of cells that have ended.
        public void Update(object? value) => (CellContext.Current?.Output ?? output).UpdateDisplay(session.Formatters.Format(value), id);
    }
}
