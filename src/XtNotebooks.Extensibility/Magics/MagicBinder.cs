using System.Globalization;

namespace XtNotebooks.Extensibility;

/// <summary>Turns a magic's words into the values of its options.</summary>
internal static class MagicBinder
{
    /// <exception cref="MagicException">The words do not fit the options.</exception>
    public static MagicCall Bind(MagicCommand magic, MagicLine line, string body, INotebook notebook)
    {
        var given = new Dictionary<string, object?>(StringComparer.Ordinal);
        for (var i = 0; i < line.Words.Count; i++)
        {
            var word = line.Words[i];
            MagicOption option;
            string? text = null;
            if (word.StartsWith("--", StringComparison.Ordinal))
            {
                var equals = word.IndexOf('=', StringComparison.Ordinal);
                option = Option(magic, equals < 0 ? word : word[..equals]);
                text = equals < 0 ? null : word[(equals + 1)..];
            }
            else
            {
                option = magic.Options.FirstOrDefault(candidate => candidate.Positional && !given.ContainsKey(candidate.Name))
                    ?? throw new MagicException($"{magic.Name} does not know what '{word}' is for; an option's name starts with --, see {magic.Name} --help.");
                text = word;
            }
            if (given.ContainsKey(option.Name))
                throw new MagicException($"{option.Name} is given twice; give it once.");
            if (text is null && option.Type == typeof(bool) && !(i + 1 < line.Words.Count && IsBoolean(line.Words[i + 1], notebook)))
            {
                given[option.Name] = true;
                continue;
            }
            text ??= ++i < line.Words.Count && !IsOption(magic, line.Words[i])
                ? line.Words[i]
                : throw new MagicException($"{option.Name} needs a value: {Expected(option)}.");
            given[option.Name] = Convert(option, text, notebook);
        }
        string[] names = [.. given.Keys];
        foreach (var option in magic.Options.Where(option => !given.ContainsKey(option.Name)))
        {
            if (option.Required)
                throw new MagicException($"{magic.Name} needs {option.Name}: {Lower(option.Summary)}");
            if (option.Default is not null)
                given[option.Name] = option.Default;
        }
        return new MagicCall(notebook, given, body) { Given = names };
    }

    private static MagicOption Option(MagicCommand magic, string name) =>
        magic.Options.FirstOrDefault(option => option.Name == name) ?? throw new MagicException(
            $"{magic.Name} has no option {name}" + (NearNames.Of(name, magic.Options.Select(option => option.Name)) is { Count: > 0 } near
                ? $"; did you mean {string.Join(" or ", near)}?"
                : $"; see {magic.Name} --help."));

    private static bool IsOption(MagicCommand magic, string word) => magic.Options.Any(option => option.Name == word.Split('=')[0]);

    private static bool IsBoolean(string word, INotebook notebook) =>
        bool.TryParse(word, out _) || (notebook.TryGetVariable(word, out var variable) && variable.Value is bool);

    /// <summary>A variable of a fitting type wins over the text itself; a leading @ asks for the variable.</summary>
    private static object? Convert(MagicOption option, string text, INotebook notebook)
    {
        var type = Nullable.GetUnderlyingType(option.Type) ?? option.Type;
        var asked = text.StartsWith('@');
        if (notebook.TryGetVariable(asked ? text[1..] : text, out var variable) && (asked || type != typeof(string) || variable.Value is string))
        {
            if (type.IsInstanceOfType(variable.Value))
                return variable.Value;
            if (IsNumber(type) && variable.Value is IConvertible and not string && TryChange(variable.Value, type) is { } number)
                return number;
            if (asked || !IsText(type))
            {
                throw new MagicException($"{option.Name} expects {Expected(option)}, but the variable {variable.Name} "
                    + (variable.Value is null ? "is null." : $"is a {FriendlyName(variable.Value.GetType())}."));
            }
        }
        else if (asked)
        {
            throw new MagicException($"{option.Name} names the variable {text[1..]}, which no cell has declared; #!who lists the variables.");
        }
        return Parse(option, type, text) ?? throw new MagicException(IsText(type)
            ? $"{option.Name} expects {Expected(option)}, not '{text}'."
            : $"{option.Name} expects {Expected(option)}, and no variable '{text}' is declared; #!who lists the variables.");
    }

    private static object? Parse(MagicOption option, Type type, string text)
    {
        if (type == typeof(string))
            return text;
        if (type == typeof(bool))
            return bool.TryParse(text, out var flag) ? flag : null;
        if (type.IsEnum)
        {
            var name = Enum.GetNames(type).FirstOrDefault(name => Fold(name) == Fold(text));
            return name is null ? null : Enum.Parse(type, name);
        }
        if (type == typeof(int))
            return int.TryParse(text, NumberStyles.AllowLeadingSign | NumberStyles.AllowThousands, CultureInfo.InvariantCulture, out var i) ? i : null;
        if (type == typeof(long))
            return long.TryParse(text, NumberStyles.AllowLeadingSign | NumberStyles.AllowThousands, CultureInfo.InvariantCulture, out var l) ? l : null;
        if (type == typeof(double))
            return double.TryParse(text, NumberStyles.Float, CultureInfo.InvariantCulture, out var d) ? d : null;
        if (type == typeof(float))
            return float.TryParse(text, NumberStyles.Float, CultureInfo.InvariantCulture, out var f) ? f : null;
        return option.Type.IsAssignableFrom(typeof(string)) ? text : null;
    }

    private static object? TryChange(object value, Type type)
    {
        try
        {
            return System.Convert.ChangeType(value, type, CultureInfo.InvariantCulture);
        }
        catch (Exception exception) when (exception is OverflowException or InvalidCastException or FormatException)
        {
            return null;
        }
    }

    private static bool IsNumber(Type type) => type == typeof(int) || type == typeof(long) || type == typeof(double) || type == typeof(float);

    private static bool IsText(Type type) => type == typeof(string) || type == typeof(bool) || type.IsEnum || IsNumber(type);

    private static string Fold(string name) => name.Replace("-", "", StringComparison.Ordinal).ToUpperInvariant();

    /// <summary>What the option's value may be, in words.</summary>
    public static string Expected(MagicOption option)
    {
        var type = Nullable.GetUnderlyingType(option.Type) ?? option.Type;
        return type == typeof(string) ? "text"
            : type == typeof(bool) ? "true or false"
            : type == typeof(int) || type == typeof(long) ? "a whole number"
            : IsNumber(type) ? "a number"
            : type.IsEnum ? string.Join(", ", Enum.GetNames(type).Select(MagicHelp.Kebab))
            : type == typeof(object) ? "the name of a variable"
            : $"the name of {("AEIOU".Contains(FriendlyName(type)[0], StringComparison.Ordinal) ? "an" : "a")} {FriendlyName(type)} variable";
    }

    private static string FriendlyName(Type type) => TypeNames.Short(type);

    private static string Lower(string sentence) => sentence.Length > 1 && char.IsLower(sentence[1]) ? char.ToLowerInvariant(sentence[0]) + sentence[1..] : sentence;
}
