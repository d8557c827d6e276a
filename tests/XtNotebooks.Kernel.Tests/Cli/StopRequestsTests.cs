using XtNotebooks.Kernel.Cli;
using XtNotebooks.Kernel.Tests.Notebooks;

namespace XtNotebooks.Kernel.Tests.Cli;

public sealed class StopRequestsTests
{
    [Fact]
    public void Each_press_that_comes_twice_counts_once()
    {
        var clock = new ManualClock();
        var requests = new StopRequests(clock);
        Assert.Equal([StopRequest.Stop, StopRequest.Same], Press());
        clock.Advance(TimeSpan.FromSeconds(3));
        Assert.Equal([StopRequest.Exit, StopRequest.Same], Press());
        clock.Advance(TimeSpan.FromSeconds(0.6));
        Assert.Equal(StopRequest.Kill, requests.Next());

        StopRequest[] Press()
        {
            var first = requests.Next();
            clock.Advance(TimeSpan.FromMilliseconds(20));
            return [first, requests.Next()];
        }
    }
}
