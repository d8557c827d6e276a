namespace XtNotebooks.Extensibility;

/// <summary>The entry point of a package that adds magics or formatters to a notebook.</summary>
/// <remarks>A host creates the one public class of the package's main assembly that implements this interface, with its parameterless
/// constructor, and calls <see cref="Load"/> once, after the <c>#r "nuget: …"</c> that brought the package.</remarks>
public interface INotebookExtension
{
    /// <summary>Adds what the package offers to <paramref name="notebook"/>.</summary>
    void Load(INotebook notebook);
}
