using System.Runtime.CompilerServices;
using TorchSharp;
using XtNotebooks.Transformers.Native;

namespace XtNotebooks.Testing;

/// <summary>The device that tests run on: the CPU, or what the environment variable XT_DEVICE names ("cuda", "cuda:1").</summary>
internal static class DefaultDevice
{
    public static torch.Device Current { get; } = torch.device(Environment.GetEnvironmentVariable("XT_DEVICE") is { Length: > 0 } name ? name : "cpu");

    /// <summary>Models and tensors that tests make without naming a device are on it.</summary>
    [ModuleInitializer]
    internal static void UseAsDefault()
    {
        if (Environment.GetEnvironmentVariable("XT_DEVICE") is not { Length: > 0 }) return;
        LibTorch.LoadAtStartup();
        torch.InitializeDeviceType(Current.type);
        torch.set_default_device(Current);
    }
}
