using System.Diagnostics.CodeAnalysis;
using System.Reflection;
using XtNotebooks.Extensibility;
using XtNotebooks.Kernel.Threads;

namespace XtNotebooks.Kernel.Scripting;

/// <summary>The variables that cells have declared, the latest of each name.</summary>
internal sealed class VariableTable
{
    private readonly Dictionary<string, (FieldInfo Field, Submission Submission)> _variables = [];
    private readonly Lock _lock = new();

    public void Add(Submission submission)
    {
        var fields = submission.Type.GetFields(BindingFlags.Public | BindingFlags.NonPublic | BindingFlags.Instance | BindingFlags.Static | BindingFlags.DeclaredOnly)
            .Where(field => !field.Name.Contains('<', StringComparison.Ordinal));
        using (_lock.EnterUninterrupted())
        {
            foreach (var field in fields)
                _variables[field.Name] = (field, submission);
        }
    }

    public IReadOnlyList<NotebookVariable> All()
    {
        lock (_lock)
        {
            return [.. _variables.OrderBy(pair => pair.Key, StringComparer.Ordinal)
                .Select(pair => new NotebookVariable(pair.Key, pair.Value.Field.FieldType, Read(pair.Value.Field, pair.Value.Submission)))];
        }
    }

    public bool TryGet(string name, [MaybeNullWhen(false)] out NotebookVariable variable)
    {
        (FieldInfo Field, Submission Submission) found;
        lock (_lock)
        {
            if (!_variables.TryGetValue(name, out found))
            {
                variable = null;
                return false;
            }
        }
        variable = new NotebookVariable(name, found.Field.FieldType, Read(found.Field, found.Submission));
        return true;
    }

    private static object? Read(FieldInfo field, Submission submission) =>
        field.IsStatic ? field.GetValue(null) : submission.FindInstance() is { } instance ? field.GetValue(instance) : null;
}
