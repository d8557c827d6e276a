using System.Collections;
using System.Runtime.ExceptionServices;

namespace XtNotebooks.Kernel.Display;

/// <summary>A sequence whose items are made when they are read: each is made once, for all ways in which it is shown, and none that is not
/// shown.</summary>
internal sealed class ReadOnce : IEnumerable<object?>, IDisposable
{
    private readonly IEnumerable _source;
    private readonly List<object?> _read = [];
    private IEnumerator? _rest;
    private Exception? _failure;
    private bool _ended;

    private ReadOnce(IEnumerable source) => _source = source;

    /// <summary>The sequence's own type.</summary>
    public Type Type => _source.GetType();

    /// <summary>Null where the value is no sequence, or holds its items already.</summary>
    public static ReadOnce? IfLazy(object? value) =>
        value is IEnumerable and not string and not ICollection && Shapes.Of(value) == Shape.Plain ? new ReadOnce((IEnumerable)value) : null;

    public IEnumerator<object?> GetEnumerator()
    {
        for (var index = 0; index < _read.Count || Read(); index++)
            yield return _read[index];
    }

    IEnumerator IEnumerable.GetEnumerator() => GetEnumerator();

    public void Dispose()
    {
        try
        {
            (_rest as IDisposable)?.Dispose();
        }
        catch (Exception exception) when (exception is not OperationCanceledException and not ThreadInterruptedException)
        {
            // Its items have been shown.
        }
    }

    private bool Read()
    {
        if (_failure is not null)
            ExceptionDispatchInfo.Throw(_failure);
        if (_ended)
            return false;
        try
        {
            _rest ??= _source.GetEnumerator();
            if (_rest.MoveNext())
                _read.Add(_rest.Current);
            else
                _ended = true;
            return !_ended;
        }
        catch (Exception exception)
        {
            _failure = exception;
            throw;
        }
    }
}
