using System.Diagnostics.CodeAnalysis;
using System.Net;

namespace XtNotebooks.Extensibility.DotNetInteractive;

/// <summary>A .NET Interactive session as the notebook that extensions know.</summary>
public sealed class InteractiveNotebook : INotebook
{
    private readonly InteractiveHost host;
    private readonly Dictionary<Type, Func<object, string?>> plain = [];
    private readonly List<NotebookReport> reports = [];
    private readonly Lock gate = new();
    private readonly AsyncLocal<CancellationToken> running = new();

    private InteractiveNotebook(InteractiveHost host)
    {
        this.host = host;
        Host = new(".NET Interactive", host.Version, CanUpdateAfterCell: false, CanInterrupt: false);
    }

    /// <summary>Loads an extension into a session: to be called by the package's <c>extension.dib</c>.</summary>
    /// <returns>The notebook that the extension sees.</returns>
    public static InteractiveNotebook Load(InteractiveHost host, INotebookExtension extension)
    {
        ArgumentNullException.ThrowIfNull(host);
        ArgumentNullException.ThrowIfNull(extension);
        var notebook = new InteractiveNotebook(host);
        notebook.RegisterFormatter(typeof(MimeBundle), "text/html", value => Html((MimeBundle)value));
        notebook.RegisterFormatter(typeof(MimeBundle), "text/plain", value => ((MimeBundle)value).Data.GetValueOrDefault("text/plain"));
        extension.Load(notebook);
        notebook.Display(MimeBundle.Text(
            "In .NET Interactive a running magic is cancelled by the stop button of VS Code, whereas Jupyter's interrupt ends the whole kernel; "
            + "and a live panel stands still once its cell has ended."));
        return notebook;
    }

    /// <inheritdoc/>
    public NotebookHost Host { get; }

    /// <inheritdoc/>
    public IReadOnlyList<NotebookVariable> Variables =>
        [.. host.Variables().Reverse().DistinctBy(variable => variable.Name).Reverse()];

    /// <summary>The folders of native libraries that the host has put on the process's search path for packages, in the order of reference.</summary>
    public IReadOnlyList<string> NativeLibraryDirectories => NativeDirectoriesOf(Environment.GetEnvironmentVariable("PATH") ?? "");

    /// <summary>What extensions report of the machine and the process; that host has no command that shows it.</summary>
    public IReadOnlyList<NotebookReport> Reports
    {
        get
        {
            lock (gate)
                return [.. reports];
        }
    }

    /// <inheritdoc/>
    public IDisplayHandle Display(object? value) => new DisplayHandle(host.Display(value));

    /// <inheritdoc/>
    public void Write(string text) => host.Write(text);

    /// <inheritdoc/>
    public bool TryGetVariable(string name, [MaybeNullWhen(false)] out NotebookVariable variable)
    {
        variable = host.Variables().LastOrDefault(candidate => candidate.Name == name);
        return variable is not null;
    }

    /// <inheritdoc/>
    public void SetVariable(string name, object? value, Type type)
    {
        ArgumentNullException.ThrowIfNull(type);
        if (name is not { Length: > 0 } || !(char.IsLetter(name[0]) || name[0] == '_') || !name.All(c => char.IsLetterOrDigit(c) || c == '_'))
            throw new MagicException($"'{name}' is no C# name: give letters, digits and underscores, not starting with a digit.");
        if (!running.Value.IsCancellationRequested)
            host.SetVariable(name, value, type).GetAwaiter().GetResult();
        else if (value is not null)
            host.SetVariableLater(name, value);
    }

    /// <inheritdoc/>
    public void AddMagic(MagicCommand magic)
    {
        ArgumentNullException.ThrowIfNull(magic);
        var implied = magic.Options.FirstOrDefault(option => option.Positional);
        host.AddCommand(new(
            magic.Name,
            magic.Summary,
            [
                .. magic.Options.Select(option => new InteractiveParameter(
                    option.Name, option.Summary, option == implied, option.Type == typeof(bool),
                    () => option.Suggest(this).Select(suggestion => suggestion.Text))),
                new("--help", "Tells how the magic is called.", false, true, () => []),
            ],
            (line, cancellationToken) => RunAsync(magic, line, cancellationToken)));
    }

    /// <inheritdoc/>
    public void RegisterFormatter(Type type, string mimeType, Func<object, string?> format)
    {
        ArgumentNullException.ThrowIfNull(format);
        lock (gate)
        {
            if (mimeType == "text/plain")
                plain[type] = format;
        }
        // That host shows nothing at all where a formatter has nothing to say.
        host.RegisterFormatter(type, mimeType, mimeType == "text/html" ? value => format(value) ?? Preformatted(Plain(type, value)) : format);
        host.PreferMimeTypes(type, ["text/html", "text/plain"]);
    }

    /// <inheritdoc/>
    public void AddReport(NotebookReport report)
    {
        ArgumentNullException.ThrowIfNull(report);
        lock (gate)
        {
            reports.RemoveAll(other => other.Title == report.Title && other.Kind == report.Kind);
            reports.Add(report);
        }
    }

    /// <summary>Null, or the sentence that says what was wrong: an exception that left here would be shown as a stack trace.</summary>
    private async Task<string?> RunAsync(MagicCommand magic, string line, CancellationToken cancellationToken)
    {
        try
        {
            // That host hands over its command's text, the directive behind a label.
            line = line[Math.Max(0, line.IndexOf(magic.Name, StringComparison.Ordinal))..];
            if (magic.TakesBody && !line.Contains("--help", StringComparison.Ordinal))
                return $"{magic.Name} takes the lines below it as text, which .NET Interactive runs as C#; call what it does from C# instead.";
            running.Value = cancellationToken;
            await magic.RunAsync(line, "", this, cancellationToken);
            return null;
        }
        catch (MagicException e)
        {
            return e.Message;
        }
        catch (OperationCanceledException) when (cancellationToken.IsCancellationRequested)
        {
            // The host says so itself.
            return null;
        }
#pragma warning disable CA1031 // Whatever a magic throws becomes one sentence.
        catch (Exception e)
#pragma warning restore CA1031
        {
            var cause = e.GetBaseException();
            return $"{magic.Name} failed: {cause.Message.Split('\n')[0].Trim()} ({cause.GetType().Name})";
        }
    }

    internal static IReadOnlyList<string> NativeDirectoriesOf(string searchPath) =>
        [.. searchPath.Split(Path.PathSeparator, StringSplitOptions.RemoveEmptyEntries)
            .Select(Path.TrimEndingDirectorySeparator)
            .Where(folder => Path.GetFileName(folder) == "native" && Path.GetFileName(Path.GetDirectoryName(Path.GetDirectoryName(folder))) == "runtimes"
                && Directory.Exists(folder))
            .Distinct()];

    private static string Html(MimeBundle bundle) =>
        bundle.Data.TryGetValue("text/html", out var html) ? html
        : bundle.Data.TryGetValue("image/png", out var png) ? $"<img alt=\"{WebUtility.HtmlEncode(bundle.Data.GetValueOrDefault("text/plain", ""))}\" src=\"data:image/png;base64,{png}\">"
        : bundle.Data.TryGetValue("image/svg+xml", out var svg) ? svg
        : Preformatted(bundle.Data.GetValueOrDefault("text/plain", ""));

    private static string Preformatted(string text) => $"<pre>{WebUtility.HtmlEncode(text)}</pre>";

    private string Plain(Type type, object value)
    {
        Func<object, string?>? format;
        lock (gate)
            format = plain.GetValueOrDefault(type);
        return format?.Invoke(value) ?? value.ToString() ?? "";
    }

    private sealed class DisplayHandle(Action<object?> update) : IDisplayHandle
    {
        public void Update(object? value) => update(value);
    }
}
