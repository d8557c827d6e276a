using System.Diagnostics.CodeAnalysis;

namespace XtNotebooks.Extensibility;

/// <summary>The notebook session that an extension was loaded into: its display, variables, magics and formatters.</summary>
/// <remarks>Members may be called from any thread.</remarks>
public interface INotebook
{
    /// <summary>Which host runs the notebook and what it can do.</summary>
    NotebookHost Host { get; }

    /// <summary>Shows a value below the running cell, by its formatter; a <see cref="MimeBundle"/> is shown as it is.</summary>
    /// <returns>A handle with which the same output can be replaced.</returns>
    IDisplayHandle Display(object? value);

    /// <summary>Writes plain text to the running cell's standard output.</summary>
    void Write(string text);

    /// <summary>Reads a variable of the notebook by its C# name.</summary>
    bool TryGetVariable(string name, [MaybeNullWhen(false)] out NotebookVariable variable);

    /// <summary>Declares or replaces a variable, so that the next cell can use it by <paramref name="name"/>.</summary>
    /// <param name="name">A C# identifier.</param>
    /// <param name="value">Its value; null is allowed.</param>
    /// <param name="type">Its declared type: public, and assignable from the value.</param>
    void SetVariable(string name, object? value, Type type);

    /// <summary>The variables that cells have declared so far.</summary>
    IReadOnlyList<NotebookVariable> Variables { get; }

    /// <summary>Adds a magic command; one of the same name is replaced.</summary>
    void AddMagic(MagicCommand magic);

    /// <summary>Says how values of <paramref name="type"/> and types derived from it are written in <paramref name="mimeType"/>.</summary>
    /// <param name="type">A type of somebody else's; a package's own types use <see cref="TypeFormatterSourceAttribute"/>.</param>
    /// <param name="mimeType">For example <c>text/html</c>.</param>
    /// <param name="format">The representation, or null where this value has none.</param>
    void RegisterFormatter(Type type, string mimeType, Func<object, string?> format);

    /// <summary>Folders that hold the native libraries of the packages the notebook has referenced, in the order of reference; empty where
    /// the host does not tell.</summary>
    IReadOnlyList<string> NativeLibraryDirectories { get; }

    /// <summary>Adds a line to what <c>xt-notebooks check</c> and <c>#!memory</c> tell of this machine.</summary>
    void AddReport(NotebookReport report);

    /// <summary>Has every cell watched from the next on, and the one that calls it, as the cell that loads an extension does, from there on; does nothing
    /// unless <see cref="NotebookHost.TellsOfCells"/>.</summary>
    /// <param name="watch">Called with the cell's number, on the thread that will run it; what it returns is disposed of when the cell has ended,
    /// whatever its outcome. It must not throw.</param>
    void WatchCells(Func<int, IDisposable?> watch) { }

    /// <summary>Channels to code in the front end, for interactive widgets; null where the host has none, as in a headless run.</summary>
    IComms? Comms => null;
}

/// <summary>A variable that a cell declared.</summary>
/// <param name="Name">Its C# name.</param>
/// <param name="Type">Its declared type.</param>
/// <param name="Value">Its value now.</param>
public sealed record NotebookVariable(string Name, Type Type, object? Value);

/// <summary>What runs the notebook.</summary>
/// <param name="Name">For people, for example "XtNotebooks" or ".NET Interactive".</param>
/// <param name="Version">The host's version.</param>
/// <param name="CanUpdateAfterCell">Whether an output can still be replaced after its cell has ended.</param>
/// <param name="CanInterrupt">Whether the reader can stop a running cell without losing the session.</param>
public sealed record NotebookHost(string Name, string Version, bool CanUpdateAfterCell, bool CanInterrupt)
{
    /// <summary>Whether the host tells when a cell begins and ends, so that <see cref="INotebook.WatchCells"/> does something.</summary>
    public bool TellsOfCells { get; init; }
}

/// <summary>A fact about the machine or the process that an extension can tell.</summary>
/// <param name="Title">What it is about, for example "libtorch".</param>
/// <param name="Kind">Where it is shown.</param>
/// <param name="Read">Reads the fact now, in plain words on one line.</param>
public sealed record NotebookReport(string Title, ReportKind Kind, Func<string> Read);

/// <summary>Where a <see cref="NotebookReport"/> is shown.</summary>
public enum ReportKind
{
    /// <summary>By <c>xt-notebooks check</c>: what works on this machine.</summary>
    Check,

    /// <summary>By <c>#!memory</c>: what is held now.</summary>
    Memory,
}

/// <summary>An output that can be replaced in place.</summary>
public interface IDisplayHandle
{
    /// <summary>Replaces the output with <paramref name="value"/>.</summary>
    void Update(object? value);
}
