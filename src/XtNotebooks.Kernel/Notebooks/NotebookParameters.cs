namespace XtNotebooks.Kernel.Notebooks;

/// <summary>Values given from outside to the variables that the cell tagged <c>parameters</c> declares.</summary>
/// <remarks>The convention is papermill's: a cell tagged <c>injected-parameters</c> follows the tagged one and gives the new
/// values.</remarks>
internal static class NotebookParameters
{
    private const string DeclaringTag = "parameters";
    private const string InjectedTag = "injected-parameters";

    /// <summary>Adds the cell that gives <paramref name="values"/>; an earlier run's is replaced. Does nothing where no value is
    /// given.</summary>
    /// <exception cref="NotebookException">The notebook takes no parameters or none of a given name, or a value does not fit.</exception>
    public static void Inject(NotebookDocument notebook, IReadOnlyDictionary<string, string> values)
    {
        if (values.Count == 0)
            return;
        var declaring = notebook.CodeCells.FirstOrDefault(cell => cell.HasTag(DeclaringTag))
            ?? throw new NotebookException(
                "The notebook has no code cell tagged 'parameters', so it takes no -p; tag the cell that declares them.");
        var declared = ParameterDeclaration.In(declaring.Source).ToDictionary(parameter => parameter.Name, StringComparer.Ordinal);
        var lines = new List<string> { "// Values given on the command line" };
        foreach (var (name, text) in values)
        {
            if (!declared.TryGetValue(name, out var parameter))
                throw new NotebookException(
                    $"The notebook has no parameter '{name}'; its parameters are {string.Join(", ", declared.Keys)}.");
            var literal = ParameterLiteral.From(parameter, text);
            lines.Add(parameter.IsConst ? $"const {parameter.Type} {name} = {literal};" : $"{name} = {literal};");
        }
        foreach (var earlier in notebook.CodeCells.Where(cell => cell.HasTag(InjectedTag)).ToList())
            notebook.Remove(earlier);
        notebook.InsertCode(notebook.Cells.IndexOf(declaring) + 1, string.Join('\n', lines), InjectedTag);
    }

    /// <summary>Reads the command line's <c>name=value</c>; the last of a name counts.</summary>
    /// <exception cref="NotebookException">One has no <c>=</c> or no name.</exception>
    public static IReadOnlyDictionary<string, string> Parse(IEnumerable<string> assignments)
    {
        var values = new Dictionary<string, string>(StringComparer.Ordinal);
        foreach (var assignment in assignments)
        {
            var equals = assignment.IndexOf('=', StringComparison.Ordinal);
            if (equals <= 0)
                throw new NotebookException($"-p {assignment} gives no value; write -p name=value.");
            values[assignment[..equals].Trim()] = assignment[(equals + 1)..];
        }
        return values;
    }
}
