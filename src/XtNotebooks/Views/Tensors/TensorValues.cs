using System.Globalization;

namespace XtNotebooks.Views;

/// <summary>The elements of a small tensor as text: at most ten, as lovely-tensors writes them behind its line.</summary>
internal static class TensorValues
{
    private const int Most = 10;

    /// <summary>Brackets nested as the dimensions are, for example <c>[[1, 2], [3, 4]]</c>; null where elements are too many, none, or not all there.</summary>
    public static string? Of(TensorView view)
    {
        if (view.Values.Count is 0 or > Most || view.Values.Count != view.Summary.Count)
            return null;
        var at = 0;
        return Nested(0);

        string Nested(int dimension) =>
            dimension == view.Summary.Shape.Count ? Element(view, at++)
            : $"[{string.Join(", ", Enumerable.Range(0, (int)view.Summary.Shape[dimension]).Select(_ => Nested(dimension + 1)))}]";
    }

    /// <summary>One element: whole numbers exactly, complex ones with both parts.</summary>
    public static string Element(TensorView view, int at)
    {
        var value = view.Values[at];
        if (view.Imaginary.Count > 0)
            return $"{Words.Short(value)}{(view.Imaginary[at] < 0 || double.IsNegative(view.Imaginary[at]) ? "-" : "+")}{Words.Short(Math.Abs(view.Imaginary[at]))}i";
        return view.Summary.Kind switch
        {
            TensorKind.Boolean => value != 0 ? "true" : "false",
            TensorKind.WholeNumber => view.Whole.Count > at ? view.Whole[at].ToString(CultureInfo.InvariantCulture) : value.ToString("0", CultureInfo.InvariantCulture),
            _ => Words.Short(value),
        };
    }
}
