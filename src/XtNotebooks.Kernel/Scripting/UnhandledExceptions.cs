using System.Runtime.ExceptionServices;

namespace XtNotebooks.Kernel.Scripting;

/// <summary>Keeps the process alive when a thread that a cell has started throws: the cell's reader is told instead.</summary>
internal static class UnhandledExceptions
{
    private static int s_installed;

    public static void Install()
    {
        if (Interlocked.Exchange(ref s_installed, 1) == 0)
            ExceptionHandling.SetUnhandledExceptionHandler(Handle);
    }

    private static bool Handle(Exception exception)
    {
        // A finalizer, or work queued without its context, is no cell's by what flows; by its frames it is the notebook's.
        if ((CellContext.Current ?? (CellErrors.IsOfCells(exception) ? CellContext.Latest : null)) is not { } cell)
            return false;
        CellErrors.ReportUnhandled(exception, cell);
        return true;
    }
}
