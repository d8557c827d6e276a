using System.Runtime.CompilerServices;

namespace XtNotebooks.Extensibility;

/// <summary>Types as C# writes them.</summary>
internal static class TypeNames
{
    private static readonly Dictionary<Type, string> Keywords = new()
    {
        [typeof(bool)] = "bool", [typeof(byte)] = "byte", [typeof(sbyte)] = "sbyte", [typeof(char)] = "char", [typeof(decimal)] = "decimal",
        [typeof(double)] = "double", [typeof(float)] = "float", [typeof(int)] = "int", [typeof(uint)] = "uint", [typeof(long)] = "long",
        [typeof(ulong)] = "ulong", [typeof(short)] = "short", [typeof(ushort)] = "ushort", [typeof(object)] = "object",
        [typeof(string)] = "string", [typeof(void)] = "void", [typeof(nint)] = "nint", [typeof(nuint)] = "nuint",
    };

    /// <summary>For people: without namespaces.</summary>
    public static string Short(Type type) => Write(type, qualified: false);

    /// <summary>For code: with <c>global::</c> and namespaces.</summary>
    public static string Qualified(Type type) => Write(type, qualified: true);

    public static bool IsAnonymous(Type type) =>
        type.Name.StartsWith("<>f__AnonymousType", StringComparison.Ordinal) && type.IsDefined(typeof(CompilerGeneratedAttribute), false);

    private static string Write(Type type, bool qualified)
    {
        if (Keywords.TryGetValue(type, out var keyword))
            return keyword;
        if (type.IsArray)
        {
            // int[][,] is an array of int[,]: the ranks read from the outside in.
            var ranks = "";
            while (type.IsArray)
            {
                ranks += "[" + new string(',', type.GetArrayRank() - 1) + "]";
                type = type.GetElementType()!;
            }
            return Write(type, qualified) + ranks;
        }
        if (type.IsByRef || type.IsPointer)
            return Write(type.GetElementType()!, qualified) + (type.IsPointer ? "*" : "&");
        if (Nullable.GetUnderlyingType(type) is { } underlying)
            return Write(underlying, qualified) + "?";
        if (type.IsGenericParameter)
            return type.Name;
        if (IsAnonymous(type))
            return "anonymous";
        var arguments = type.GetGenericArguments();
        if (!qualified && type.FullName?.StartsWith("System.ValueTuple`", StringComparison.Ordinal) == true)
            return "(" + string.Join(", ", arguments.Select(argument => Write(argument, qualified))) + ")";
        return Named(type, arguments, qualified);
    }

    private static string Named(Type type, Type[] arguments, bool qualified)
    {
        var tick = type.Name.IndexOf('`', StringComparison.Ordinal);
        var name = tick < 0 ? type.Name : type.Name[..tick];
        var outer = 0;
        var prefix = "";
        if (type.DeclaringType is { } declaring)
        {
            // What a cell declares lies inside the class of its submission, which no code can name.
            var isSubmission = declaring.Name.StartsWith("Submission#", StringComparison.Ordinal);
            outer = declaring.GetGenericArguments().Length;
            if (!isSubmission)
                prefix = Named(declaring, arguments[..outer], qualified) + ".";
        }
        else if (qualified)
        {
            prefix = "global::" + (type.Namespace is { } space ? space + "." : "");
        }
        var own = arguments[Math.Min(outer, arguments.Length)..];
        return prefix + name + (own.Length == 0 ? "" : "<" + string.Join(", ", own.Select(argument => Write(argument, qualified))) + ">");
    }
}
