using System.Globalization;

namespace XtNotebooks.Views;

/// <summary>Numbers and lists as sentences have them.</summary>
internal static class Words
{
    /// <summary>"1 row" or "3 rows".</summary>
    public static string Count(long n, string one, string? many = null) => $"{Number(n)} {(n == 1 ? one : many ?? one + "s")}";

    public static string Number(long n) => n.ToString("#,0", CultureInfo.InvariantCulture);

    /// <summary>A name before what is said of it; some names, such as <c>mask:</c>, end in a colon already.</summary>
    public static string Label(string name) => name.EndsWith(':') ? name : name + ":";

    /// <summary>"44 %"; never "0 %" or "100 %" of something that is there or missing.</summary>
    public static string Percent(double share) => share switch
    {
        double.NaN => "–",
        > 0 and < 0.005 => "< 1 %",
        > 0.995 and < 1 => "> 99 %",
        _ => string.Create(CultureInfo.InvariantCulture, $"{share * 100:0} %"),
    };

    /// <summary>"row 2" or "rows 0, 2, 5-7", the long tail counted.</summary>
    public static string Rows(IReadOnlyList<int> rows)
    {
        var parts = new List<string>();
        for (var i = 0; i < rows.Count;)
        {
            var j = i;
            while (j + 1 < rows.Count && rows[j + 1] == rows[j] + 1)
                j++;
            parts.Add(j - i < 2 ? string.Join(", ", rows.Skip(i).Take(j - i + 1)) : $"{rows[i]}-{rows[j]}");
            i = j + 1;
        }
        var shown = parts.Count <= 8 ? string.Join(", ", parts) : string.Join(", ", parts.Take(8)) + ", …";
        return rows.Count == 1 ? "row " + shown : "rows " + shown;
    }

    /// <summary>A number in four significant digits, the way people write it.</summary>
    public static string Short(double value)
    {
        if (double.IsNaN(value))
            return "NaN";
        if (double.IsInfinity(value))
            return value > 0 ? "∞" : "-∞";
        var size = Math.Abs(value);
        if (size == 0)
            return "0";
        // Four digits of five are not written with an E of their own kind.
        return size is >= 1e-3 and < 9999.5
            ? value.ToString("G4", CultureInfo.InvariantCulture)
            : value.ToString("0.###e0", CultureInfo.InvariantCulture);
    }

    /// <summary>A value where there is little room: two decimals, none above a hundred.</summary>
    public static string Value(double value) => Math.Abs(value) is >= 100 and < 1e9 ? Number((long)Math.Round(value)) : Nats(value);

    /// <summary>Nats with two decimals; four digits where two decimals would say nothing, or would be the end of a long row of digits.</summary>
    public static string Nats(double value) =>
        Math.Abs(value) is >= 0.01 and < 1e9 || value == 0
            ? value.ToString("0.00", CultureInfo.InvariantCulture)
            : Short(value);
}
