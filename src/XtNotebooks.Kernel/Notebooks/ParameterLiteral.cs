using System.Globalization;
using Microsoft.CodeAnalysis.CSharp;

namespace XtNotebooks.Kernel.Notebooks;

/// <summary>The text of a parameter's value as the C# literal of the parameter's type.</summary>
internal static class ParameterLiteral
{
    /// <exception cref="NotebookException">The text is no value of that type, or values of that type cannot be given on a command
    /// line.</exception>
    public static string From(ParameterDeclaration parameter, string text)
    {
        if (parameter.Type is null)
            throw new NotebookException($"The type of parameter '{parameter.Name}' cannot be told from its default; declare it with a type, such as int or string, instead of var.");
        var nullable = parameter.Type.EndsWith('?');
        if (nullable && text == "null")
            return "null";
        var type = nullable ? parameter.Type[..^1] : parameter.Type;
        return type switch
        {
            "int" or "Int32" => Integer<int>(parameter, text, ""),
            "uint" or "UInt32" => Integer<uint>(parameter, text, "u"),
            "long" or "Int64" => Integer<long>(parameter, text, "L"),
            "ulong" or "UInt64" => Integer<ulong>(parameter, text, "ul"),
            "short" or "Int16" => Integer<short>(parameter, text, ""),
            "ushort" or "UInt16" => Integer<ushort>(parameter, text, ""),
            "byte" or "Byte" => Integer<byte>(parameter, text, ""),
            "sbyte" or "SByte" => Integer<sbyte>(parameter, text, ""),
            "double" or "Double" => Real(parameter, text, "double", "d"),
            "float" or "Single" => Real(parameter, text, "float", "f"),
            "decimal" or "Decimal" => decimal.TryParse(text, NumberStyles.Number, CultureInfo.InvariantCulture, out var number)
                ? number.ToString(CultureInfo.InvariantCulture) + "m"
                : throw Unfit(parameter, text, "a number such as 0.25"),
            "bool" or "Boolean" => text.ToUpperInvariant() switch
            {
                "TRUE" => "true",
                "FALSE" => "false",
                _ => throw Unfit(parameter, text, "true or false"),
            },
            "char" or "Char" => text.Length == 1
                ? SymbolDisplay.FormatLiteral(text[0], quote: true)
                : throw Unfit(parameter, text, "one character"),
            "string" or "String" => SymbolDisplay.FormatLiteral(text, quote: true),
            _ => Member(parameter, type, text),
        };
    }

    private static string Integer<T>(ParameterDeclaration parameter, string text, string suffix)
        where T : IParsable<T>, System.Numerics.IMinMaxValue<T> =>
        T.TryParse(text, CultureInfo.InvariantCulture, out var number)
            ? string.Create(CultureInfo.InvariantCulture, $"{number}{suffix}")
            : throw Unfit(parameter, text,
                string.Create(CultureInfo.InvariantCulture, $"a whole number from {T.MinValue} to {T.MaxValue}"));

    private static string Real(ParameterDeclaration parameter, string text, string type, string suffix)
    {
        if (!double.TryParse(text, NumberStyles.Float, CultureInfo.InvariantCulture, out var number))
            throw Unfit(parameter, text, "a number such as 0.001 or 1e-3");
        return number switch
        {
            double.NaN => $"{type}.NaN",
            double.PositiveInfinity => $"{type}.PositiveInfinity",
            double.NegativeInfinity => $"{type}.NegativeInfinity",
            _ => text.Trim().TrimStart('+').TrimEnd('.') + suffix,
        };
    }

    /// <summary>A name after a type's name: an enum's value. Whether it exists the compiler will say.</summary>
    private static string Member(ParameterDeclaration parameter, string type, string text)
    {
        var name = text.StartsWith(type + ".", StringComparison.Ordinal) ? text[(type.Length + 1)..] : text;
        return SyntaxFacts.IsValidIdentifier(name) && type.All(c => char.IsLetterOrDigit(c) || c is '.' or '_')
            ? $"{type}.{name}"
            : throw new NotebookException($"Parameter '{parameter.Name}' is of type {parameter.Type}; only numbers, bool, char, string and enum values can be given with -p.");
    }

    private static NotebookException Unfit(ParameterDeclaration parameter, string text, string wanted) =>
        new($"Parameter '{parameter.Name}' is of type {parameter.Type} and cannot be '{text}'; give {wanted}.");
}
