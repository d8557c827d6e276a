using System.Reflection;
using XtNotebooks.Extensibility;

namespace XtNotebooks.Kernel.Display;

/// <summary>How values are written in MIME types: registered formatters, those a type names itself, and rules for everything
/// else.</summary>
internal sealed class ValueFormatters
{
    private readonly List<(Type Type, string MimeType, Func<object, string?> Format)> _registered = [];
    private readonly Lock _lock = new();

    /// <summary>Says how values of a type and of types derived from it are written; the latest registration wins.</summary>
    public void Register(Type type, string mimeType, Func<object, string?> format)
    {
        lock (_lock)
        {
            _registered.RemoveAll(entry => entry.Type == type && entry.MimeType == mimeType);
            _registered.Add((type, mimeType, format));
        }
    }

    /// <summary>The value in every MIME type it can be written in. Never throws: a formatter that fails is named in the text.</summary>
    public MimeBundle Format(object? value)
    {
        if (value is MimeBundle bundle)
            return bundle;
        var data = new Dictionary<string, string>();
        if (value is not null)
        {
            AddRegistered(value, data);
            // Plotly.NET's own formatter needs a network.
            var drawn = false;
            if (data.Count == 0)
                Try(() => drawn = PlotlyFigures.TryAdd(value, data), value.GetType());
            if (data.Count == 0 && !drawn)
                Try(() => TypeFormatterSources.Add(value, data), value.GetType());
            if (data.Count == 0)
                Try(() => KnownFormats.Add(value, data), value.GetType());
        }
        // What is too long for the front end is cut where the whole of it is kept.
        if (value is string text)
            data.TryAdd("text/plain", text);
        using var once = ReadOnce.IfLazy(value);
        var shown = once ?? value;
        if (!data.ContainsKey("text/plain"))
            data["text/plain"] = Try(() => PlainText.Of(shown), value?.GetType()) ?? TypeNames.Short(value!.GetType());
        if (data.Count == 1 && Try(() => HtmlText.Of(shown), value?.GetType()) is { } html)
            data["text/html"] = html;
        return new MimeBundle(data);
    }

    private void AddRegistered(object value, Dictionary<string, string> data)
    {
        List<(Type Type, string MimeType, Func<object, string?> Format)> fitting;
        lock (_lock)
        {
            if (_registered.Count == 0)
                return;
            fitting = [.. _registered.Where(entry => entry.Type.IsInstanceOfType(value))];
        }
        // The most derived type first: its formatter is the more telling one.
        foreach (var entry in fitting.OrderByDescending(entry => fitting.Count(other => other.Type.IsAssignableFrom(entry.Type))))
        {
            if (!data.ContainsKey(entry.MimeType) && Try(() => entry.Format(value), entry.Type) is { } text)
                data[entry.MimeType] = text;
        }
    }

    private static void Try(Action add, Type type) => Try(() =>
    {
        add();
        return null;
    }, type);

    private static string? Try(Func<string?> format, Type? type)
    {
        try
        {
            return format();
        }
        catch (Exception exception) when (exception is not OperationCanceledException and not ThreadInterruptedException)
        {
            if (exception is TargetInvocationException { InnerException: { } inner })
                exception = inner;
            Console.Error.WriteLine(
                $"The formatter for {TypeNames.Short(type ?? typeof(object))} failed: {exception.GetType().Name}: {exception.Message}");
            return null;
        }
    }
}
