namespace XtNotebooks.Extensibility.DotNetInteractive;

/// <summary>What an <c>extension.dib</c> tells of the .NET Interactive kernel it runs in: a few calls of that host's API as delegates.</summary>
/// <remarks>No package here refers to that host; the script, which it compiles itself, does.</remarks>
public sealed record InteractiveHost
{
    /// <summary>The host's version, for people.</summary>
    public required string Version { get; init; }

    /// <summary>Shows a value below the running cell, and gives what replaces it there.</summary>
    public required Func<object?, Action<object?>> Display { get; init; }

    /// <summary>Writes to the running cell's standard output.</summary>
    public required Action<string> Write { get; init; }

    /// <summary>The variables of the C# kernel in the order of their declaration; of one name the last counts.</summary>
    public required Func<IEnumerable<NotebookVariable>> Variables { get; init; }

    /// <summary>Declares a variable of this name, value and type in the C# kernel.</summary>
    public required Func<string, object?, Type, Task> SetVariable { get; init; }

    /// <summary>Declares a variable in the C# kernel once no cell runs: a cancelled command goes on beside the next cell for a moment, and
    /// two that declare at the same time lose one another's variables.</summary>
    public required Action<string, object> SetVariableLater { get; init; }

    /// <summary>Says how a type is written in a MIME type; the function gives null where a value has no such representation.</summary>
    public required Action<Type, string, Func<object, string?>> RegisterFormatter { get; init; }

    /// <summary>Names the MIME types in which values of a type are shown, the best first.</summary>
    public required Action<Type, string[]> PreferMimeTypes { get; init; }

    /// <summary>Adds a command that cells call by its name.</summary>
    public required Action<InteractiveCommand> AddCommand { get; init; }
}

/// <summary>A magic as that host's commands are described.</summary>
/// <param name="Name">The name with its <c>#!</c>.</param>
/// <param name="Summary">What it does.</param>
/// <param name="Parameters">Its options; none is marked as required, so that the magic's own sentence says what is missing.</param>
/// <param name="Run">Runs a call given as its line, and gives null, or the one sentence that says what was wrong.</param>
public sealed record InteractiveCommand(
    string Name, string Summary, IReadOnlyList<InteractiveParameter> Parameters, Func<string, CancellationToken, Task<string?>> Run);

/// <summary>An option as that host's parameters are described.</summary>
/// <param name="Name">The name with its dashes.</param>
/// <param name="Summary">What it means.</param>
/// <param name="Positional">Whether its name may be left out; that host allows it for one parameter of a command.</param>
/// <param name="Flag">Whether it is given without a value.</param>
/// <param name="Suggest">Values to offer while a call is typed.</param>
public sealed record InteractiveParameter(string Name, string Summary, bool Positional, bool Flag, Func<IEnumerable<string>> Suggest);
