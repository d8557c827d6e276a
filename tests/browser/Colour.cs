namespace XtNotebooks.Browser;

/// <summary>A colour to look for.</summary>
internal sealed record Colour(int Red, int Green, int Blue)
{
    /// <summary>The first two lines of a chart, and the frame of a pad that counts as a target, in the views' light palette.</summary>
    public static Colour FirstLine { get; } = new(0x2f, 0x7f, 0xd0);

    public static Colour SecondLine { get; } = new(0xd5, 0x5e, 0x00);

    public static Colour CountedPad { get; } = new(0xa8, 0x43, 0x00);

    public override string ToString() => $"rgb({Red}, {Green}, {Blue})";
}
