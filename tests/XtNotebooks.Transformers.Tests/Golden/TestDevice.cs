using System.Runtime.CompilerServices;
using XtNotebooks.Transformers.Native;

namespace XtNotebooks.Transformers.Tests.Golden;

/// <summary>The device that tests run on: the CPU, or what the environment variable XT_DEVICE names.</summary>
internal static class TestDevice
{
    public static Device Current { get; } = device(Environment.GetEnvironmentVariable("XT_DEVICE") is { Length: > 0 } name ? name : "cpu");

    /// <summary>Tensors that tests make without naming a device are on it, too.</summary>
    [ModuleInitializer]
    internal static void UseAsDefault()
    {
        if (Environment.GetEnvironmentVariable("XT_DEVICE") is not { Length: > 0 }) return;
        LibTorch.LoadAtStartup();
        InitializeDeviceType(Current.type);
        set_default_device(Current);
    }
}
