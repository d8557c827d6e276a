using TorchSharp;
using TorchSharp.Modules;
using static TorchSharp.torch;

namespace XtNotebooks.Training;

/// <summary>Trains in bfloat16 without losing small updates: the model computes with bfloat16 copies, while gradients are summed into, and the optimizer
/// moves, float32 master weights.</summary>
/// <remarks>Source: Micikevicius et al. 2018, Mixed Precision Training, arXiv:1710.03740, section 3.1. bfloat16 has float32's range, so that losses need
/// no scaling. Between <see cref="Enter"/> and <see cref="Leave"/> the module's parameters are other objects than before and after.</remarks>
internal sealed class MasterWeights : IDisposable
{
    private readonly nn.Module module;
    private readonly string[] names;
    private Dictionary<string, Tensor> kept = [];
    private Parameter[] working = [];

    /// <exception cref="ArgumentException">A weight is not float32.</exception>
    public MasterWeights(nn.Module module)
    {
        this.module = module;
        if (module.named_parameters().FirstOrDefault(p => p.parameter.is_floating_point() && p.parameter.dtype != ScalarType.Float32) is { name: { } name } odd)
            throw new ArgumentException($"bfloat16 training keeps float32 weights beside its copies, but {name} is {odd.parameter.dtype}; convert the model first: model.to(torch.float32).");
        names = [.. module.named_parameters().Where(p => p.parameter.requires_grad).Select(p => p.name)];
        Masters = [.. Trained().Select(p => (Parameter)new Parameter(p.detach().clone()).DetachFromDisposeScope())];
    }

    /// <summary>Float32, in the module's order; what the optimizer moves.</summary>
    public Parameter[] Masters { get; }

    /// <summary>Names of <see cref="Masters"/>.</summary>
    public IReadOnlyList<string> Names => names;

    /// <summary>Takes the weights as they are now for masters, and makes the module compute in bfloat16.</summary>
    public void Enter()
    {
        using var scope = NewDisposeScope();
        using var _ = no_grad();
        foreach (var (master, weight) in Masters.Zip(Trained()))
            master.copy_(weight);
        // What is not trained comes back as it was.
        var trained = names.ToHashSet();
        kept = module.state_dict().Where(entry => entry.Value.is_floating_point() && !trained.Contains(entry.Key))
            .ToDictionary(entry => entry.Key, entry => entry.Value.detach().clone().DetachFromDisposeScope());
        Convert(ScalarType.BFloat16);
    }

    /// <summary>Adds the working copies' gradients to the masters' and clears them.</summary>
    public void Collect()
    {
        using var scope = NewDisposeScope();
        using var _ = no_grad();
        for (var i = 0; i < working.Length; i++)
        {
            if (working[i].grad is not { IsInvalid: false } grad)
                continue;
            if (Masters[i].grad is { IsInvalid: false } sum)
                sum.add_(grad.to(ScalarType.Float32));
            else
                Masters[i].grad = grad.to(ScalarType.Float32);
            working[i].grad = null;
        }
    }

    /// <summary>Hands the masters' new values to the working copies.</summary>
    public void Publish()
    {
        using var _ = no_grad();
        for (var i = 0; i < working.Length; i++)
            working[i].copy_(Masters[i]);
    }

    /// <summary>The module is float32 again, its weights the masters; what was not trained is to the bit what it was.</summary>
    public void Leave()
    {
        using var scope = NewDisposeScope();
        using var _ = no_grad();
        foreach (var parameter in working)
            parameter.grad = null;
        Convert(ScalarType.Float32);
        foreach (var (master, weight) in Masters.Zip(working))
            weight.copy_(master);
        var state = module.state_dict();
        foreach (var (name, before) in kept)
        {
            // A buffer that moved on, such as a running mean, keeps its new value.
            if (state[name].equal(before.to(ScalarType.BFloat16).to(ScalarType.Float32)).all().item<bool>())
                state[name].copy_(before);
            before.Dispose();
        }
        kept = [];
        working = [];
    }

    public void Dispose()
    {
        foreach (var master in Masters)
            master.Dispose();
        foreach (var tensor in kept.Values)
            tensor.Dispose();
    }

    private void Convert(ScalarType type)
    {
        module.to(type);
        working = Trained();
    }

    private Parameter[] Trained() => [.. module.named_parameters().Where(p => p.parameter.requires_grad).Select(p => p.parameter)];
}
