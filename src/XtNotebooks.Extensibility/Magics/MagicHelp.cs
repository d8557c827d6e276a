using System.Globalization;
using System.Text;

namespace XtNotebooks.Extensibility;

/// <summary>The answer to <c>--help</c>.</summary>
internal static class MagicHelp
{
    public static string Of(MagicCommand magic)
    {
        var text = new StringBuilder();
        text.AppendLine(magic.Summary).AppendLine();
        text.Append("Usage: ").Append(magic.Name);
        foreach (var option in magic.Options.Where(option => option.Required || option.Positional))
            text.Append(option.Required ? $" {Value(option)}" : $" [{Value(option)}]");
        if (magic.Options.Any(option => !option.Required && !option.Positional))
            text.Append(" [options]");
        text.AppendLine(magic.TakesBody ? "\n       (the lines below belong to it)" : "");
        if (magic.Options.Count > 0)
        {
            var width = magic.Options.Max(option => option.Name.Length);
            text.AppendLine().AppendLine("Options:");
            foreach (var option in magic.Options)
                text.AppendLine(CultureInfo.InvariantCulture, $"  {option.Name.PadRight(width)}  {option.Summary}{Details(option)}");
        }
        if (magic.Examples.Count > 0)
        {
            text.AppendLine().AppendLine("Examples:");
            foreach (var example in magic.Examples)
                text.Append("  ").AppendLine(example);
        }
        return text.ToString().TrimEnd();
    }

    /// <summary>PascalCase in kebab-case, as options and enum values are typed.</summary>
    public static string Kebab(string name)
    {
        var text = new StringBuilder();
        for (var i = 0; i < name.Length; i++)
        {
            if (char.IsUpper(name[i]) && i > 0 && !char.IsUpper(name[i - 1]))
                text.Append('-');
            text.Append(char.ToLowerInvariant(name[i]));
        }
        return text.ToString();
    }

    private static string Value(MagicOption option) =>
        option.Positional ? $"<{option.Name.TrimStart('-')}>" : option.Type == typeof(bool) ? option.Name : $"{option.Name} <value>";

    private static string Details(MagicOption option)
    {
        var details = new List<string>();
        if (option.Type != typeof(string) && option.Type != typeof(bool))
            details.Add(MagicBinder.Expected(option));
        if (option.Required)
            details.Add("required");
        if (option.Default is { } value and not (false or ""))
            details.Add("default " + (value.GetType().IsEnum ? Kebab(value.ToString()!) : System.Convert.ToString(value, CultureInfo.InvariantCulture)));
        return details.Count == 0 ? "" : $" ({string.Join("; ", details)})";
    }
}
