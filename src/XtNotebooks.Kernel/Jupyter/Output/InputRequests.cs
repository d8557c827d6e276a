using XtNotebooks.Kernel.Jupyter.Wire;
using XtNotebooks.Kernel.Threads;

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
                    asking = new Waiting(id, request.Header.Id, request.Identities.LastOrDefault() ?? []);
                    using (gate.EnterUninterrupted())
                        waiting.Add(asking);
                },
                () => asking?.Answer.TrySetResult(null));
            asking!.Answer.Task.Wait(cancellationToken);
            return asking.Answer.Task.Result;
        }
        finally
        {
            using (gate.EnterUninterrupted())
                waiting.RemoveAll(other => other == asking);
        }
    }

    /// <summary>Takes an <c>input_reply</c>; one that nobody waits for is dropped.</summary>
    public void Answer(IncomingMessage reply)
    {
        var identity = reply.Identities.LastOrDefault() ?? [];
        Waiting? asked;
        using (gate.EnterUninterrupted())
        {
            // Many clients do not name the request they answer: then it is the last one of theirs. One that names an older question, or another
            // cell, does not answer this one, which may be for a password.
            asked = waiting.LastOrDefault(w =>
                w.Identity.AsSpan().SequenceEqual(identity) && (reply.ParentId is not { } parent || parent == w.Id || parent == w.Cell));
        }
        asked?.Answer.TrySetResult(reply.Content?.TextOrNull("value") ?? "");
    }

    private sealed record Waiting(string Id, string Cell, byte[] Identity)
    {
        public TaskCompletionSource<string?> Answer { get; } = new(TaskCreationOptions.RunContinuationsAsynchronously);
    }
}
