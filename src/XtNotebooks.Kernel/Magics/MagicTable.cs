using XtNotebooks.Extensibility;

namespace XtNotebooks.Kernel.Magics;

/// <summary>The magics of this notebook by name.</summary>
internal sealed class MagicTable
{
    private readonly Dictionary<string, MagicCommand> _magics = new(StringComparer.Ordinal);
    private readonly Lock _lock = new();

    public IReadOnlyList<MagicCommand> All
    {
        get
        {
            lock (_lock)
                return [.. _magics.Values.OrderBy(magic => magic.Name, StringComparer.Ordinal)];
        }
    }

    public void Add(MagicCommand magic)
    {
        ArgumentNullException.ThrowIfNull(magic);
        if (!magic.Name.StartsWith("#!", StringComparison.Ordinal) || magic.Name.Length < 3)
            throw new ArgumentException($"A magic's name starts with #!, for example #!count; '{magic.Name}' does not.", nameof(magic));
        lock (_lock)
            _magics[magic.Name] = magic;
    }

    public MagicCommand? Find(string name)
    {
        lock (_lock)
            return _magics.GetValueOrDefault(name);
    }

    /// <summary>The magic of this name.</summary>
    /// <exception cref="MagicException">There is none; the sentence offers the nearest names.</exception>
    public MagicCommand Require(string name)
    {
        if (Find(name) is { } magic)
            return magic;
        var near = NearNames.Of(name, All.Select(known => known.Name));
        throw new MagicException($"There is no magic {name}" + (near.Count > 0
            ? $"; did you mean {string.Join(" or ", near)}?"
            : "; #!lsmagic lists what there is.")
            + (name.StartsWith("#!xt-", StringComparison.Ordinal) && near.Count == 0
                ? " Magics that start with #!xt- come with #r \"nuget: XtNotebooks\"." : ""));
    }
}
