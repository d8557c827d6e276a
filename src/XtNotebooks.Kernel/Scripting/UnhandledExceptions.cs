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
        if (CellContext.Current is not { } cell)
            return false;
        CellErrors.ReportUnhandled(exception, cell);
        return true;
    }
}
