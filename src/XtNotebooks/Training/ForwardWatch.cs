using System.Linq.Expressions;
using System.Reflection;
using System.Runtime.CompilerServices;
using static TorchSharp.torch;

namespace XtNotebooks.Training;

/// <summary>Listens to what a model's layers give while it runs, through the forward hooks of TorchSharp; only layers that are called, not those whose
/// <c>forward</c> is, tell.</summary>
internal static class ForwardWatch
{
    /// <param name="module">The model; its hooks are as before when this returns.</param>
    /// <param name="seen">Called with a layer's name, the layer and the tensors it gave, in the order in which layers finish.</param>
    /// <param name="forward">Runs the model.</param>
    public static void Run(nn.Module module, Action<string, nn.Module, IReadOnlyList<Tensor>> seen, Action forward)
    {
        var unhook = new List<Action>();
        try
        {
            foreach (var (name, part) in module.named_modules().Select(part => (part.name, part.module)).Prepend((name: "", module)).DistinctBy(part => part.module, ReferenceEqualityComparer.Instance))
                Hook(part, output => seen(name, part, output), unhook);
            forward();
        }
        finally
        {
            unhook.ForEach(remove => remove());
        }
    }

    private static void Hook(nn.Module part, Action<IReadOnlyList<Tensor>> seen, List<Action> unhook)
    {
        if (part is nn.Module<Tensor, Tensor> plain)
        {
            unhook.Add(plain.register_forward_hook((_, _, output) =>
            {
                seen([output]);
                return output;
            }).remove);
        }
        else if (Method(part.GetType()) is { } register)
        {
            var remover = register.Invoke(part, [Listener(register.GetParameters()[0].ParameterType, seen)])!;
            unhook.Add(() => remover.GetType().GetMethod("remove")!.Invoke(remover, null));
        }
    }

    /// <summary>Where a module takes several inputs or gives several outputs, its hook has the signature of its forward.</summary>
    private static MethodInfo? Method(Type type) => type.GetMethods().FirstOrDefault(method => method.Name == "register_forward_hook"
        && method.GetParameters() is [{ ParameterType: { IsGenericType: true } hook }] && hook.Name.StartsWith("Func`", StringComparison.Ordinal));

    private static Delegate Listener(Type hook, Action<IReadOnlyList<Tensor>> seen)
    {
        var parameters = hook.GetMethod("Invoke")!.GetParameters().Select(parameter => Expression.Parameter(parameter.ParameterType)).ToArray();
        Action<object?> listen = output => seen(Tensors(output));
        return Expression.Lambda(hook, Expression.Block(
            Expression.Invoke(Expression.Constant(listen), Expression.Convert(parameters[^1], typeof(object))), parameters[^1]), parameters).Compile();
    }

    private static IReadOnlyList<Tensor> Tensors(object? output) => output switch
    {
        Tensor tensor => [tensor],
        ITuple many => [.. Enumerable.Range(0, many.Length).Select(i => many[i]).OfType<Tensor>()],
        IEnumerable<Tensor> many => [.. many],
        _ => [],
    };
}
