namespace XtNotebooks.Data;

/// <summary>Seeds from seeds, the same on every machine and in every process, which System.HashCode is not.</summary>
internal static class Seeds
{
    /// <summary>A seed for one of several random streams that one seed decides. Never negative: Random takes a seed's absolute value.</summary>
    public static int Mix(int seed, int stream)
    {
        unchecked
        {
            var hash = ((uint)seed * 2654435761u) ^ ((uint)stream * 2246822519u + 374761393u);
            hash = (hash ^ (hash >> 15)) * 2246822519u;
            hash = (hash ^ (hash >> 13)) * 3266489917u;
            return (int)((hash ^ (hash >> 16)) & int.MaxValue);
        }
    }
}
