using Microsoft.DotNet.Interactive;
using Microsoft.DotNet.Interactive.Commands;
using XtNotebooks.Generation;
using XtNotebooks.Training;
using XtNotebooks.Views;

namespace XtNotebooks.Tests.DotNetInteractive;

/// <summary>Magics whose cell is cancelled through the context's token, as that host's stop button does.</summary>
public sealed class CancelledMagicsTests
{
    [Fact]
    public async Task Training_stops_and_what_it_got_is_queued_behind_the_next_cell()
    {
        var session = await InteractiveSession.LoadAsync();
        await session.RunAsync(ExtensionScriptTests.Setup);
        using var cancellation = new CancellationTokenSource();
        var context = new KernelInvocationContext { HandlingKernel = session.Csharp, CancellationToken = cancellation.Token, Shown = cancellation.Cancel };
        await InteractiveSession.CallAsync("#!xt-train net --batches batches --steps 1000000", context);
        Assert.Empty(context.Failures);
        Assert.DoesNotContain(session.State.Variables, variable => variable.Name == "run");
        var sent = Assert.IsType<SendValue>(await Sent(session));
        Assert.Equal("run", sent.Name);
        Assert.Equal(TrainingEnd.Cancelled, Assert.IsType<TrainingRun>(sent.Value).End);
        Assert.NotNull(sent.FormattedValue);
    }

    [Theory]
    [InlineData("net")]
    [InlineData("own")]
    public async Task Generated_text_ends_where_it_was_and_the_next_cell_has_it(string model)
    {
        var session = await InteractiveSession.LoadAsync();
        // Somebody's own model, which reads a sequence of any length.
        await session.RunAsync(ExtensionScriptTests.Setup + "\nFunc<TorchSharp.torch.Tensor, TorchSharp.torch.Tensor> own = ids => TorchSharp.torch.zeros(1, ids.shape[1], 32);");
        using var cancellation = new CancellationTokenSource();
        var context = new KernelInvocationContext { HandlingKernel = session.Csharp, CancellationToken = cancellation.Token, Shown = cancellation.Cancel };
        await InteractiveSession.CallAsync($"#!xt-generate batch --model {model} --tokens 1000000", context);
        Assert.Empty(context.Failures);
        var shown = Assert.Single(context.Displayed).Values;
        Assert.Equal(GenerationEnd.Cancelled, Assert.IsType<GeneratedText>(shown[^1]).End);
        Assert.DoesNotContain(session.State.Variables, variable => variable.Name == "generated");
        await DeclareSent(session, "generated");
        await session.RunAsync("var text = (generated.Ids.Count, generated.End.ToString(), generated.ToText());");
        var (count, end, told) = ((int, string, string))session.Value("text")!;
        Assert.InRange(count, 1, 1000);
        Assert.Equal("Cancelled", end);
        Assert.Contains("interrupted; what there was is kept", told, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_comparison_keeps_the_runs_that_had_begun_and_puts_the_weights_back()
    {
        var session = await InteractiveSession.LoadAsync();
        await session.RunAsync(ExtensionScriptTests.Setup);
        await session.RunAsync("""
            using TorchSharp;
            var before = net.state_dict()["token_emb.emb.weight"].clone();
            var stop = new System.Threading.CancellationTokenSource();
            var calls = 0;
            Func<torch.Tensor, torch.Tensor, torch.Tensor> stopping = (logits, targets) =>
            {
                if (++calls == 3)
                    stop.Cancel();
                return torch.nn.functional.cross_entropy(logits.flatten(0, 1), targets.flatten());
            };
            var losses = new Dictionary<string, object> { ["stopping"] = stopping, ["never begun"] = stopping };
            """);
        var stop = (CancellationTokenSource)session.Value("stop")!;
        var context = new KernelInvocationContext { HandlingKernel = session.Csharp, CancellationToken = stop.Token };
        await InteractiveSession.CallAsync("#!xt-compare net --batches batches --settings ignore-pads --loss losses --steps 5", context);
        Assert.Empty(context.Failures);
        // The chart is what stays in the panel's place.
        Assert.IsType<LineChart>(Assert.Single(context.Displayed).Values[^1]);
        Assert.DoesNotContain(session.State.Variables, variable => variable.Name == "comparison");
        await DeclareSent(session, "comparison");
        await session.RunAsync("""
            var told = string.Join("; ", comparison.Runs.Select(run => $"{run.Name}: {run.Steps.Count}, {run.End}"));
            var restored = net.state_dict()["token_emb.emb.weight"].equal(before).all().ToBoolean();
            """);
        Assert.Equal("ignoreIndex: pad: 5, Completed; stopping: 3, Cancelled", session.Value("told"));
        Assert.Equal(true, session.Value("restored"));
    }

    [Fact]
    public async Task A_comparison_is_cancelled_while_it_still_draws_its_batches()
    {
        var session = await InteractiveSession.LoadAsync();
        await session.RunAsync(ExtensionScriptTests.Setup + """

            var stop = new System.Threading.CancellationTokenSource();
            var drawn = 0;
            var endless = batches.Select(of => { if (++drawn == 4) stop.Cancel(); return of; });
            """);
        var stop = (CancellationTokenSource)session.Value("stop")!;
        var context = new KernelInvocationContext { HandlingKernel = session.Csharp, CancellationToken = stop.Token };
        await InteractiveSession.CallAsync("#!xt-compare net --batches endless --steps 1000000", context);
        Assert.Empty(context.Failures);
        Assert.Equal(4, session.Value("drawn"));
        await DeclareSent(session, "comparison");
        await session.RunAsync("""var told = string.Join("; ", comparison.Runs.Select(run => run.EndReason));""");
        Assert.StartsWith("Cancelled after step 0 of 1000000", (string)session.Value("told")!, StringComparison.Ordinal);
    }

    /// <summary>What the host does with a value that was sent to it, once no cell runs.</summary>
    private static async Task DeclareSent(InteractiveSession session, string name)
    {
        var sent = Assert.IsType<SendValue>(await Sent(session));
        Assert.Equal(name, sent.Name);
        await session.Csharp.SetValueAsync(sent.Name, sent.Value, sent.Value.GetType());
    }

    private static async Task<KernelCommand> Sent(InteractiveSession session)
    {
        while (true)
        {
            lock (session.Csharp.Sent)
            {
                if (session.Csharp.Sent.Count > 0)
                    return session.Csharp.Sent[0];
            }
            await Task.Delay(10, TestContext.Current.CancellationToken);
        }
    }
}
