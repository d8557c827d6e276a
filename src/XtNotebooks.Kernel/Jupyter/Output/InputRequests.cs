using XtNotebooks.Kernel.Jupyter.Wire;

namespace XtNotebooks.Kernel.Jupyter.Output;

/// <summary>Lines that cells ask of the reader, on the stdin channel.</summary>
internal sealed class InputRequests(FrontEnd frontEnd)
{
    private readonly Lock gate = new();
    private readonly List<Waiting> waiting = [];

    /// <summary>Asks the client that sent <paramref name="request"/> and waits for its answer.</summary>
    /// <returns>The line; null where that client has no stdin channel.</returns>
    /// <exception cref="OperationCanceledException">The cell was interrupted meanwhile.</exception>
    public string? Ask(IncomingMessage request, string prompt, bool password, CancellationToken cancellationToken)
    {
        Waiting? asking = null;
        try
        {
            frontEnd.AskForInput(
                request,
                prompt,
                password,
                id =>
                {
                    asking = new Waiting(id, request.Identities.LastOrDefault() ?? []);
                    lock (gate)
                        waiting.Add(asking);
                },
                () => asking?.Answer.TrySetResult(null));
            asking!.Answer.Task.Wait(cancellationToken);
            return asking.Answer.Task.Result;
        }
        finally
        {
            lock (gate)
                waiting.RemoveAll(other => other == asking);
        }
    }

    /// <summary>Takes an <c>input_reply</c>; one that nobody waits for is dropped.</summary>
    public void Answer(IncomingMessage reply)
    {
        var identity = reply.Identities.LastOrDefault() ?? [];
        Waiting? asked;
        lock (gate)
        {
            // Many clients do not name the request they answer: then it is the last one of theirs.
            asked = waiting.LastOrDefault(w =>
                w.Identity.AsSpan().SequenceEqual(identity) && (reply.ParentId is null || reply.ParentId == w.Id))
                ?? waiting.LastOrDefault(w => w.Identity.AsSpan().SequenceEqual(identity));
        }
        asked?.Answer.TrySetResult(reply.Content?.TextOrNull("value") ?? "");
    }

    private sealed record Waiting(string Id, byte[] Identity)
    {
        public TaskCompletionSource<string?> Answer { get; } = new(TaskCreationOptions.RunContinuationsAsynchronously);
    }
}
