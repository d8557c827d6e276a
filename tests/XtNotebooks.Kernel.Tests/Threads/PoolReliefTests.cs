using XtNotebooks.Kernel.Tests.Jupyter;
using XtNotebooks.Kernel.Threads;

namespace XtNotebooks.Kernel.Tests.Threads;

/// <summary>They fill the pool of the process, and look at its limits: no other test may stand beside them.</summary>
[Collection(nameof(WholePool))]
public sealed class PoolReliefTests
{
    [Fact]
    public void Reliefs_that_overlap_leave_the_pool_as_it_was()
    {
        var before = Limits();
        // Not disposed of: the pool's threads still come to it when the test is over.
        var hold = new ManualResetEventSlim();
        var (first, second) = (new ManualTime(), new ManualTime());
        PoolRelief one, other;
        try
        {
            // More work than the pool begins at once, none of which ends.
            for (var i = 0; i < before.Workers + 200; i++)
                ThreadPool.UnsafeQueueUserWorkItem(_ => hold.Wait(), null);
            one = PoolRelief.IfNeeded(first)!;
            first.Advance(TimeSpan.FromSeconds(1));
            var raised = Limits();
            Assert.True(raised.Workers > before.Workers);
            other = PoolRelief.IfNeeded(second)!;
            for (var i = 0; i < 300; i++)
                ThreadPool.UnsafeQueueUserWorkItem(_ => hold.Wait(), null);
            second.Advance(TimeSpan.FromSeconds(1));
            one.Dispose();
            one.Dispose();
            Assert.NotEqual(before, Limits());
        }
        finally
        {
            hold.Set();
        }
        other.Dispose();
        Assert.Equal(before, Limits());
    }

    private static (int Workers, int Completions, int Most) Limits()
    {
        ThreadPool.GetMinThreads(out var workers, out var completions);
        ThreadPool.GetMaxThreads(out var most, out _);
        return (workers, completions, most);
    }
}

/// <summary>Tests that take all threads of the pool.</summary>
[CollectionDefinition(nameof(WholePool), DisableParallelization = true)]
public sealed class WholePool;
