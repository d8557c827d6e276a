using System.Text.Json;

namespace XtNotebooks.Kernel.Jupyter.Wire;

/// <summary>One genuine message of a front end.</summary>
/// <param name="Channel">The socket it came on.</param>
/// <param name="Identities">The route back to the client.</param>
/// <param name="Header">What the header says.</param>
/// <param name="RawHeader">The header as it came; answers carry it as their parent header.</param>
/// <param name="ParentId">The <c>msg_id</c> of the parent header; null where there is none.</param>
/// <param name="Content">The content, an object; null where it was something else.</param>
/// <param name="Buffers">Binary frames after the content.</param>
internal sealed record IncomingMessage(
    ChannelName Channel,
    byte[][] Identities,
    MessageHeader Header,
    byte[] RawHeader,
    string? ParentId,
    JsonElement? Content,
    byte[][] Buffers);

/// <param name="Id">Unique for each message.</param>
/// <param name="Session">The client's session.</param>
/// <param name="Type">For example <c>execute_request</c>.</param>
/// <param name="SubshellId">The subshell that is to handle it; null for the main shell.</param>
/// <param name="Date">When the client made it, by the client's clock; null where it does not tell.</param>
internal sealed record MessageHeader(string Id, string Session, string Type, string? SubshellId, DateTimeOffset? Date = null)
{
    /// <summary>Whether the same client made this message before the other one.</summary>
    public bool IsKnownBefore(MessageHeader other) => Session.Length > 0 && Session == other.Session && Date < other.Date;
}

internal enum ChannelName
{
    Shell,
    Control,
    Stdin,
    IOPub,
}
