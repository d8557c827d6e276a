using XtNotebooks.Testing;

namespace XtNotebooks.Transformers.Tests.Golden;

/// <summary>The device that tests run on: the CPU, or what the environment variable XT_DEVICE names.</summary>
internal static class TestDevice
{
    public static Device Current => DefaultDevice.Current;
}
