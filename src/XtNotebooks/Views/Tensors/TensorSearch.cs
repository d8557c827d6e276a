using System.Collections;
using System.Collections.Concurrent;
using System.Reflection;
using System.Runtime.CompilerServices;
using TorchSharp;
using static TorchSharp.torch;

namespace XtNotebooks.Views;

/// <summary>Finds the tensors that a value holds: in fields, collections, closures and modules, without running any code of the value's.</summary>
/// <remarks>A notebook asks once a cell, perhaps for tens of thousands of tensors: code that is compiled in haste at first takes three times as long, so what
/// runs for each of them is compiled well at once.</remarks>
internal sealed class TensorSearch
{
    private const int Most = 50_000;

    private static readonly ConcurrentDictionary<Type, bool> Leaves = new(), Bare = new();
    private static readonly ConcurrentDictionary<Type, FieldInfo[]> FieldsOf = new();

    private readonly HashSet<object> seen = new(ReferenceEqualityComparer.Instance);
    private readonly HashSet<long> handles = []; // Of addresses; the runtime has this set compiled already, but not one of pointers.

    /// <summary>Tensors that this search has not met before; of two that share a native tensor, the first.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public IReadOnlyList<Tensor> In(object? value)
    {
        var found = new List<Tensor>();
        var left = new Stack<object>();
        Push(left, value);
        for (var visited = 0; left.TryPop(out var next) && visited < Most; visited++)
            Visit(next, left, found);
        return found;
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private void Visit(object value, Stack<object> left, List<Tensor> found)
    {
        switch (value)
        {
            case Tensor tensor:
                if (!tensor.IsInvalid && handles.Add((long)tensor.Handle))
                    found.Add(tensor);
                return;
            case Delegate function:
                Push(left, function.Target);
                return;
            case IDictionary map:
                foreach (DictionaryEntry entry in map)
                {
                    Push(left, entry.Key);
                    Push(left, entry.Value);
                }
                return;
            // A lazy sequence would run somebody's code, perhaps for ever.
            case ICollection many when value is Array || IsSystem(value.GetType()):
                foreach (var item in many)
                {
                    if (left.Count >= Most)
                        break;
                    Push(left, item);
                }
                return;
            case nn.Module module:
                foreach (var part in module.parameters().Concat(module.buffers()))
                    Push(left, part);
                break;
        }
        foreach (var field in Fields(value.GetType()))
            Push(left, field.GetValue(value));
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private void Push(Stack<object> left, object? value)
    {
        // Most of what there is to find; of tensors each native one is found once, whatever holds it.
        if (value is Tensor)
            left.Push(value);
        else if (value is not null && !HoldsNone(value.GetType()) && (value.GetType().IsValueType || seen.Add(value)))
            left.Push(value);
    }

    // Of a field's type a value may be a derived one; of a value's own, the elements are all there is.
    private static bool HoldsNone(Type type) => Bare.GetOrAdd(type, static type => IsLeaf(type)
        || (type.IsGenericType && type.Namespace?.StartsWith("System.Collections", StringComparison.Ordinal) == true && type.GetGenericArguments().All(IsLeaf)));

    private static FieldInfo[] Fields(Type type) => FieldsOf.GetOrAdd(type, static type =>
    {
        var fields = new List<FieldInfo>();
        for (var at = type; at is not null && at != typeof(object); at = at.BaseType)
        {
            fields.AddRange(at.GetFields(BindingFlags.Instance | BindingFlags.Public | BindingFlags.NonPublic | BindingFlags.DeclaredOnly)
                .Where(field => !IsLeaf(field.FieldType)));
        }
        return [.. fields];
    });

    /// <summary>Whether no value of this type can hold a tensor, or only the machinery of others does.</summary>
    private static bool IsLeaf(Type type) => Leaves.GetOrAdd(type, static type =>
        type.IsPrimitive || type.IsEnum || type.IsPointer || type == typeof(string) || type == typeof(decimal)
        || typeof(MemberInfo).IsAssignableFrom(type) || typeof(Assembly).IsAssignableFrom(type)
        || (type.IsArray && IsLeaf(type.GetElementType()!))
        || (IsSystem(type) && !typeof(IEnumerable).IsAssignableFrom(type) && !typeof(Delegate).IsAssignableFrom(type) && !type.IsGenericType && type != typeof(object))
        || IsMachinery(type)
        || (IsSystem(type) && type.IsGenericType && type.IsSealed && !typeof(Delegate).IsAssignableFrom(type) && type.GetGenericArguments().All(IsLeaf))
        || (type is { IsSealed: true, IsArray: false } && !IsSystem(type) && !typeof(Tensor).IsAssignableFrom(type) && !typeof(nn.Module).IsAssignableFrom(type) && AllFieldsAreLeaves(type)));

    private static bool AllFieldsAreLeaves(Type type)
    {
        for (var at = type; at is not null && at != typeof(object); at = at.BaseType)
        {
            foreach (var field in at.GetFields(BindingFlags.Instance | BindingFlags.Public | BindingFlags.NonPublic | BindingFlags.DeclaredOnly))
            {
                var of = field.FieldType;
                if (!(of.IsPrimitive || of.IsEnum || of == typeof(string) || of == typeof(decimal) || Nullable.GetUnderlyingType(of) is { IsPrimitive: true } || of == typeof(TimeSpan)))
                    return false;
            }
        }
        return true;
    }

    private static bool IsSystem(Type type) => type.Namespace is { } name && (name == "System" || name.StartsWith("System.", StringComparison.Ordinal));

    private static bool IsMachinery(Type type) => type.Namespace is { } name
        && (name.StartsWith("Microsoft.", StringComparison.Ordinal) || name.StartsWith("XtNotebooks.Kernel", StringComparison.Ordinal)
            || name.StartsWith("System.Threading", StringComparison.Ordinal) || name.StartsWith("System.Reflection", StringComparison.Ordinal));
}
