using System.Diagnostics;
using XtNotebooks.Kernel.Jupyter;

namespace XtNotebooks.Kernel.Tests.Jupyter;

public sealed class ParentProcessTests
{
    [Fact]
    public void The_end_of_a_process_is_noticed_not_earlier()
    {
        Assert.SkipWhen(OperatingSystem.IsWindows(), "There is no such program to wait for.");
        var time = new ManualTime();
        var gone = 0;
        using var process = Process.Start("sleep", ["60"]);
        using (ParentProcess.Watch(process.Id, () => gone++, time))
        {
            time.Advance(TimeSpan.FromSeconds(2));
            Assert.Equal(0, gone);
        }
        using (ParentProcess.Watch(process.Id, () => gone++, time))
        {
            process.Kill();
            process.WaitForExit();
            time.Advance(TimeSpan.FromSeconds(2));
            Assert.Equal(1, gone);
        }
        // One that was killed while the kernel started.
        using (ParentProcess.Watch(process.Id, () => gone++, time))
        {
            time.Advance(TimeSpan.FromSeconds(2));
            Assert.Equal(2, gone);
        }
    }

    [Fact]
    public void Nobody_to_watch_is_nothing_to_do() => Assert.Null(ParentProcess.Watch(null, () => { }, TimeProvider.System));
}
