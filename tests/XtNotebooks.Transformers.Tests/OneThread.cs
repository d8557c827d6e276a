[assembly: AssemblyFixture(typeof(XtNotebooks.Transformers.Tests.OneThread))]

namespace XtNotebooks.Transformers.Tests;

/// <summary>Small tensors on one thread each: test classes run beside one another, and OpenMP's threads would only wait for each other.</summary>
public sealed class OneThread
{
    public OneThread() => set_num_threads(1);
}
