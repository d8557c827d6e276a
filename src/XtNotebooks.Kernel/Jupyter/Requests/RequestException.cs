using System.Text.Json;
using XtNotebooks.Kernel.Jupyter.Wire;

namespace XtNotebooks.Kernel.Jupyter.Requests;

/// <summary>A request cannot be carried out as it is written, in one sentence.</summary>
internal sealed class RequestException(string message) : Exception(message)
{
    /// <summary>The content of a request.</summary>
    /// <exception cref="RequestException">It is no JSON object.</exception>
    public static JsonElement ContentOf(IncomingMessage request) =>
        request.Content ?? throw new RequestException($"The content of this {request.Header.Type} is no valid JSON object.");

    /// <summary>The code of a request.</summary>
    /// <exception cref="RequestException">There is none.</exception>
    public static string CodeOf(IncomingMessage request) =>
        ContentOf(request).TextOrNull("code") ?? throw new RequestException($"This {request.Header.Type} has no text 'code'.");
}
