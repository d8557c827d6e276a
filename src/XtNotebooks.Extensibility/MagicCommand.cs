namespace XtNotebooks.Extensibility;

/// <summary>A command that a cell calls by <c>#!name --option value</c>.</summary>
/// <remarks>The host parses the line, binds and converts the options, answers <c>--help</c> and completes names and values from this
/// description; the handler sees only valid calls.</remarks>
public sealed record MagicCommand
{
    /// <summary>The name with its <c>#!</c>, in kebab-case, for example <c>#!xt-train</c>.</summary>
    public required string Name { get; init; }

    /// <summary>What it does, in one sentence.</summary>
    public required string Summary { get; init; }

    /// <summary>Its options, in the order that the help lists them.</summary>
    public IReadOnlyList<MagicOption> Options { get; init; } = [];

    /// <summary>Calls worth copying, one a line.</summary>
    public IReadOnlyList<string> Examples { get; init; } = [];

    /// <summary>Whether the lines below the command, up to the next magic or the end of the cell, belong to it as text.</summary>
    public bool TakesBody { get; init; }

    /// <summary>How long, after its token is cancelled, the command may go on to finish what must not be torn apart, such as a training step; null
    /// for a command that is given no more time than other code. A reader who interrupts again does not wait for it.</summary>
    public TimeSpan? StopsWithin { get; init; }

    /// <summary>Does the work. A <see cref="MagicException"/> is shown as its one sentence.</summary>
    public required Func<MagicCall, CancellationToken, Task> Run { get; init; }

    /// <summary>Runs one call as its line gives it: for hosts.</summary>
    /// <param name="line">The whole line, from the name on; with <c>--help</c> in it, the help is written and nothing else is done.</param>
    /// <param name="body">The text below the command; see <see cref="TakesBody"/>.</param>
    /// <param name="notebook">The notebook that calls.</param>
    /// <param name="cancellationToken">Stops the command where it allows that.</param>
    /// <exception cref="MagicException">The line does not fit the options, or the command says what is wrong.</exception>
    public Task RunAsync(string line, string body, INotebook notebook, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(line);
        ArgumentNullException.ThrowIfNull(body);
        ArgumentNullException.ThrowIfNull(notebook);
        var words = MagicLine.Parse(line);
        if (!words.Words.Contains("--help"))
            return Run(MagicBinder.Bind(this, words, body, notebook), cancellationToken);
        notebook.Write(MagicHelp.Of(this) + "\n");
        return Task.CompletedTask;
    }
}

/// <summary>An option of a magic.</summary>
public sealed record MagicOption
{
    /// <summary>The name with its dashes, in kebab-case, for example <c>--learning-rate</c>.</summary>
    public required string Name { get; init; }

    /// <summary>What it means, with its unit, in one sentence.</summary>
    public required string Summary { get; init; }

    /// <summary>The type that the text is converted to: string, bool (a flag), int, long, double, an enum, or any other type, which then
    /// only a variable of the notebook can give.</summary>
    public Type Type { get; init; } = typeof(string);

    /// <summary>Whether a call without it is an error.</summary>
    public bool Required { get; init; }

    /// <summary>The value where a call does not give it; null for none.</summary>
    public object? Default { get; init; }

    /// <summary>Whether the first word that belongs to no option is its value.</summary>
    public bool Positional { get; init; }

    /// <summary>Values to suggest, besides variables of a fitting type and an enum's names.</summary>
    public Func<INotebook, IEnumerable<string>>? Complete { get; init; }

    /// <summary>Values to offer while a call is typed: those of <see cref="Complete"/>, an enum's names, variables of a fitting type.</summary>
    public IEnumerable<MagicSuggestion> Suggest(INotebook notebook)
    {
        ArgumentNullException.ThrowIfNull(notebook);
        var type = Nullable.GetUnderlyingType(Type) ?? Type;
        var suggested = (Complete?.Invoke(notebook) ?? []).Select(value => new MagicSuggestion(value, "value", ""));
        var named = type.IsEnum ? Enum.GetNames(type).Select(name => new MagicSuggestion(MagicHelp.Kebab(name), "enum", "")) : [];
        var variables = notebook.Variables.Where(variable => type.IsAssignableFrom(variable.Type))
            .Select(variable => new MagicSuggestion(variable.Name, "instance", TypeNames.Short(variable.Type)));
        return suggested.Concat(named).Concat(variables).DistinctBy(suggestion => suggestion.Text);
    }
}

/// <summary>A value that an option may be given.</summary>
/// <param name="Text">What is typed.</param>
/// <param name="Kind">Value, enum or instance (a variable), in the words of Jupyter's completion.</param>
/// <param name="Detail">A variable's type; otherwise empty.</param>
public sealed record MagicSuggestion(string Text, string Kind, string Detail);

/// <summary>One call of a magic: its options, bound and converted.</summary>
/// <param name="Notebook">The notebook that calls.</param>
/// <param name="Values">The given and default values by option name, for example <c>--steps</c>.</param>
/// <param name="Body">The text below the command; empty unless <see cref="MagicCommand.TakesBody"/>.</param>
public sealed record MagicCall(INotebook Notebook, IReadOnlyDictionary<string, object?> Values, string Body)
{
    /// <summary>The names of the options that the call itself gives, also where it spells out a default; null where the host does not tell.</summary>
    public IReadOnlyCollection<string>? Given { get; init; }

    /// <summary>The value of an option, or the type's default where neither the call nor the option has one.</summary>
    public T? Get<T>(string option) => Values.TryGetValue(option, out var value) && value is not null ? (T)value : default;

    /// <summary>The value of an option that the command requires or that has a default.</summary>
    /// <exception cref="MagicException">It has no value.</exception>
    public T Require<T>(string option) =>
        Values.TryGetValue(option, out var value) && value is T typed
            ? typed
            : throw new MagicException($"{option} has no value; give one, or see --help.");
}

/// <summary>Something the reader did wrong or must know, in one sentence that says what to do; shown without a stack trace.</summary>
public sealed class MagicException : Exception
{
    /// <summary>Creates the error with its sentence.</summary>
    public MagicException(string message) : base(message) { }

    /// <summary>Creates the error with its sentence and what caused it.</summary>
    public MagicException(string message, Exception innerException) : base(message, innerException) { }

    /// <summary>Creates the error without a sentence.</summary>
    public MagicException() { }
}
