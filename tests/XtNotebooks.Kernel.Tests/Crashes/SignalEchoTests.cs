using XtNotebooks.Kernel.Crashes;
using XtNotebooks.Kernel.Tests.Jupyter;

namespace XtNotebooks.Kernel.Tests.Crashes;

public sealed class SignalEchoTests
{
    [Fact]
    public void A_signal_that_comes_by_two_ways_is_one_and_later_ones_are_others()
    {
        var time = new ManualTime();
        var echo = new SignalEcho(time, TimeSpan.FromSeconds(0.2));
        Assert.False(echo.IsOne());
        Assert.True(echo.IsOne());
        time.Advance(TimeSpan.FromSeconds(0.19));
        Assert.True(echo.IsOne());
        time.Advance(TimeSpan.FromSeconds(0.02));
        Assert.False(echo.IsOne());
        Assert.True(echo.IsOne());
    }
}
