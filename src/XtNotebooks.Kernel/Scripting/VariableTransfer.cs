using System.ComponentModel;

namespace XtNotebooks.Kernel.Scripting;

/// <summary>Hands a value to the cell code that declares a variable for it. Not meant to be used by hand.</summary>
[EditorBrowsable(EditorBrowsableState.Never)]
public static class VariableTransfer
{
    private static readonly AsyncLocal<object?> Ambient = new();

    /// <summary>The value on its way.</summary>
    public static object? Value
    {
        get => Ambient.Value;
        internal set => Ambient.Value = value;
    }
}
