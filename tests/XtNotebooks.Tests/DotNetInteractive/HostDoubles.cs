// What extension.dib uses of .NET Interactive, and no more: the shapes it compiles against, with just enough behind them to see what it does.
// The names and signatures are the host's; the insides are not.
#pragma warning disable CA1716, CA1711, CA1052

using Microsoft.CodeAnalysis.Scripting;
using Microsoft.DotNet.Interactive.Commands;
using Microsoft.DotNet.Interactive.Directives;
using Microsoft.DotNet.Interactive.Formatting;

namespace Microsoft.DotNet.Interactive
{
    public delegate Task KernelCommandInvocation(KernelCommand command, KernelInvocationContext context);

    public class Kernel
    {
        private static readonly AsyncLocal<Kernel?> Current = new();

        public static Kernel Root
        {
            get => Current.Value ?? throw new InvalidOperationException("No session runs here.");
            internal set => Current.Value = value;
        }

        public KernelInfo KernelInfo { get; } = new();
        internal Dictionary<string, KernelCommandInvocation> Handlers { get; } = [];
        internal List<KernelCommand> Sent { get; } = [];

        public void AddDirective(KernelActionDirective directive, KernelCommandInvocation handler)
        {
            KernelInfo.SupportedDirectives.Add(directive);
            Handlers.Add(directive.Name, handler);
        }

        public Task SendAsync(KernelCommand command)
        {
            lock (Sent)
                Sent.Add(command);
            return Task.CompletedTask;
        }
    }

    public sealed class KernelInfo
    {
        public ICollection<KernelDirective> SupportedDirectives { get; } = [];
    }

    public sealed class KernelInvocationContext
    {
        private static readonly AsyncLocal<KernelInvocationContext?> Flowing = new();

        public static KernelInvocationContext Current
        {
            get => Flowing.Value!;
            internal set => Flowing.Value = value;
        }

        public required Kernel HandlingKernel { get; init; }
        public CancellationToken CancellationToken { get; init; }
        internal List<DisplayedValue> Displayed { get; } = [];
        internal Action Shown { get; init; } = () => { };
        internal List<string> Failures { get; } = [];

        public void Fail(KernelCommand command, Exception? exception = null, string? message = null)
        {
            Assert.NotNull(command);
            Failures.Add(message ?? exception?.ToString() ?? "");
        }
    }

    public static class KernelInvocationContextExtensions
    {
        public static DisplayedValue Display(this KernelInvocationContext context, object? value, params string[] mimeTypes)
        {
            Assert.Empty(mimeTypes);
            var displayed = new DisplayedValue(value, context.Shown);
            context.Displayed.Add(displayed);
            context.Shown();
            return displayed;
        }
    }
}

namespace Microsoft.DotNet.Interactive.CSharp
{
    public sealed class CSharpKernel(Func<string, Task> run) : Kernel
    {
        public ScriptState? ScriptState { get; internal set; }

        public async Task SetValueAsync(string name, object? value, Type declaredType)
        {
            await run($"{declaredType.FullName} {name} = default;");
            ScriptState!.GetVariable(name).Value = value;
        }
    }
}

namespace Microsoft.DotNet.Interactive.Commands
{
    public abstract class KernelCommand;

    public sealed class SendValue(string name, object value, FormattedValue? formattedValue = null, string? targetKernelName = null) : KernelCommand
    {
        public string Name { get; } = name;
        public object Value { get; } = value;
        public FormattedValue? FormattedValue { get; } = formattedValue;
        public string? Target { get; } = targetKernelName;
    }

    internal sealed class DirectiveCommand(string line) : KernelCommand
    {
        public override string ToString() => $"Directive: {line}";
    }
}

namespace Microsoft.DotNet.Interactive.Directives
{
    public abstract class KernelDirective(string name)
    {
        public string Name { get; } = name;
        public ICollection<KernelDirectiveParameter> Parameters { get; } = [];
    }

    public sealed class KernelActionDirective(string name, string? description = null) : KernelDirective(name)
    {
        public string? Description { get; } = description;
    }

    public sealed class KernelDirectiveCompletionContext
    {
        public IList<string> CompletionItems { get; } = [];
    }

    public sealed class KernelDirectiveParameter(string name, string? description = null)
    {
        private Func<IEnumerable<string>> completions = () => [];

        public string Name { get; } = name;
        public string? Description { get; } = description;
        public bool AllowImplicitName { get; init; }
        public bool Required { get; init; }
        public bool Flag { get; init; }

        public KernelDirectiveParameter AddCompletions(Func<IEnumerable<string>> getCompletions)
        {
            completions = getCompletions;
            return this;
        }

        // Overloads that the script must not run into.
        public KernelDirectiveParameter AddCompletions(Func<KernelDirectiveCompletionContext, Task> getCompletions) =>
            throw new NotSupportedException(getCompletions.ToString());

        internal IReadOnlyList<string> Complete() => [.. completions()];
    }
}

namespace Microsoft.DotNet.Interactive.Formatting
{
    public delegate bool FormatDelegate<in T>(T value, FormatContext context);

    public sealed class FormatContext(TextWriter writer)
    {
        public TextWriter Writer { get; } = writer;
    }

    public sealed record FormattedValue(string MimeType, string Value);

    public sealed class DisplayedValue(object? value, Action shown)
    {
        internal List<object?> Values { get; } = [value];

        public void Update(object? updatedValue)
        {
            Values.Add(updatedValue);
            shown();
        }
    }

    public static class Formatter
    {
        private static readonly AsyncLocal<Dictionary<(Type, string), FormatDelegate<object>>?> Flowing = new();
        private static readonly AsyncLocal<Dictionary<Type, string[]>?> FlowingPreferred = new();

        internal static Dictionary<(Type Type, string MimeType), FormatDelegate<object>> Registered => Flowing.Value!;
        internal static Dictionary<Type, string[]> Preferred => FlowingPreferred.Value!;

        internal static void Reset()
        {
            Flowing.Value = [];
            FlowingPreferred.Value = [];
        }

        public static void Register(Type type, FormatDelegate<object> formatter, string mimeType = "text/plain") => Registered[(type, mimeType)] = formatter;

        public static void Register(Type type, Action<object, TextWriter> formatter, string mimeType = "text/plain") =>
            throw new NotSupportedException($"{formatter} for {type} and {mimeType} cannot say that it has nothing to write.");

        public static void SetPreferredMimeTypesFor(Type type, params string[] preferredMimeTypes) => Preferred[type] = preferredMimeTypes;

        internal static string? Format(object value, string mimeType)
        {
            using var writer = new StringWriter();
            var formatter = Registered.Single(pair => pair.Key.MimeType == mimeType && pair.Key.Type.IsInstanceOfType(value)).Value;
            return formatter(value, new FormatContext(writer)) ? writer.ToString() : null;
        }
    }
}
