using XtNotebooks.Extensibility;
using XtNotebooks.Kernel.Jupyter.Output;
using XtNotebooks.Kernel.Scripting;
using XtNotebooks.Kernel.Threads;

namespace XtNotebooks.Kernel.Notebooks;

/// <summary>A cell's outputs, cut where they are too many as a kernel cuts them; the rest goes to files.</summary>
internal sealed class LimitedOutput(ICellOutput inner, KeptOutput kept) : ICellOutput
{
    private readonly Lock gate = new();

    public void Stream(StreamName stream, string text)
    {
        using (gate.EnterUninterrupted())
        {
            text = kept.Admit(text);
            if (text.Length > 0)
                inner.Stream(stream, text);
        }
    }

    public void Display(MimeBundle bundle, string? displayId)
    {
        using (gate.EnterUninterrupted())
        {
            if (kept.AdmitDisplay(bundle, displayId, out var note) is { } admitted)
                inner.Display(admitted, displayId);
            else if (note is not null)
                inner.Stream(StreamName.Stderr, note);
        }
    }

    public void UpdateDisplay(MimeBundle bundle, string displayId)
    {
        using (gate.EnterUninterrupted())
        {
            if (kept.AdmitUpdate(bundle, displayId) is { } admitted)
                inner.UpdateDisplay(admitted, displayId);
        }
    }

    public void Clear(bool wait)
    {
        using (gate.EnterUninterrupted())
        {
            kept.Reset(wait);
            inner.Clear(wait);
        }
    }

    public string? ReadLine(string prompt, bool password, CancellationToken cancellationToken) => inner.ReadLine(prompt, password, cancellationToken);
}
