namespace XtNotebooks.Transformers;

/// <summary>A module whose children and parameters are registered explicitly, under upstream's names.</summary>
/// <remarks>
/// TorchSharp registers every tensor field by reflection; here only what is registered by name is saved, so that
/// <c>state_dict()</c> has exactly the keys that x-transformers has.
/// </remarks>
public abstract class NamedModule : nn.Module
{
    private protected NamedModule(string name) : base(name) { }

    /// <summary>Does nothing: registration is explicit.</summary>
    protected override void RegisterComponents() { }

    private protected T Child<T>(string name, T module) where T : nn.Module
    {
        register_module(name, module);
        return module;
    }

    private protected Parameter NewParameter(string name, Tensor initial) => Registration.NewParameter(this, name, initial);
}

/// <summary>A <see cref="NamedModule"/> that maps one tensor to another.</summary>
internal abstract class TensorModule : nn.Module<Tensor, Tensor>
{
    protected TensorModule(string name) : base(name) { }

    protected override void RegisterComponents() { }

    protected T Child<T>(string name, T module) where T : nn.Module
    {
        register_module(name, module);
        return module;
    }

    protected Parameter NewParameter(string name, Tensor initial) => Registration.NewParameter(this, name, initial);
}

/// <summary>How parameters are born: owned by their module, never by the scope in which it was built.</summary>
internal static class Registration
{
    public static Parameter NewParameter(nn.Module owner, string name, Tensor initial)
    {
        var parameter = new Parameter(initial);
        parameter.DetachFromDisposeScope();
        owner.register_parameter(name, parameter);
        return parameter;
    }

    /// <summary>Makes weights outlive the scope in which their module is built; torch's native modules leave theirs to it.</summary>
    public static void Keep(nn.Module module)
    {
        foreach (var (_, parameter) in module.named_parameters()) parameter.DetachFromDisposeScope();
        foreach (var (_, buffer) in module.named_buffers()) buffer.DetachFromDisposeScope();
    }
}
