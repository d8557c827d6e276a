using System.Text;
using System.Text.Json.Nodes;
using XtNotebooks.Kernel.Crashes;
using XtNotebooks.Kernel.Jupyter.Wire;
using XtNotebooks.Kernel.Tests.Notebooks;

namespace XtNotebooks.Kernel.Tests.Crashes;

public sealed class OpenRequestsTests : IDisposable
{
    private readonly TemporaryFolder folder = new();
    private readonly string path;
    private readonly Journal journal;
    private readonly OpenRequests requests;

    public OpenRequestsTests()
    {
        path = folder.File("journal", "");
        journal = new Journal(path);
        requests = new OpenRequests(journal, "connection.json");
    }

    public void Dispose()
    {
        journal.Dispose();
        folder.Dispose();
    }

    [Fact]
    public void What_has_come_and_is_not_finished_is_known_and_how_far_it_is()
    {
        requests.Tell();
        Assert.Empty(Left().Requests);
        Assert.True(Journal.IsOpen(Entries()));
        var (done, running, replied, queued) = (Request("a"), Request("b"), Request("c"), Request("d", "complete_request", ChannelName.Control));
        foreach (var request in (IncomingMessage[])[done, running, replied, queued])
            requests.Take(request);
        requests.Begin(done, 6, silent: false);
        requests.Done(done);
        requests.Begin(running, 7, silent: true);
        requests.Replied(replied);

        var left = Left();
        Assert.Equal(("connection.json", 7), (left.ConnectionFile, left.Count));
        Assert.Equal(["b", "c", "d"], left.Requests.Select(Id));
        Assert.Equal((7, true, false), (left.Requests[0].ExecutionCount, left.Requests[0].IsSilent, left.Requests[0].IsReplied));
        Assert.True(left.Requests[1].IsReplied);
        Assert.Equal((ChannelName.Control, "complete_request", null), (left.Requests[2].Channel, left.Requests[2].Type, left.Requests[2].ExecutionCount));
        Assert.Equal([1, 2], left.Requests[2].Message.Identities.Single());
        Assert.Equal("a", Id(left.Last!));
    }

    [Fact]
    public void A_request_that_comes_first_of_all_is_known_with_the_ports_to_answer_on()
    {
        requests.Take(Request("a"));
        requests.Tell();
        Assert.Equal(("connection.json", "a"), (Left().ConnectionFile, Id(Left().Requests.Single())));
    }

    [Fact]
    public void Requests_that_are_equal_are_still_two()
    {
        var (first, second) = (Request("a"), Request("a"));
        requests.Take(first);
        requests.Take(second);
        requests.Done(first);
        Assert.Single(Left().Requests);
    }

    [Fact]
    public void A_silent_cell_is_not_the_last_one_that_a_reader_saw()
    {
        var request = Request("a");
        requests.Take(request);
        requests.Begin(request, 1, silent: true);
        requests.Done(request);
        Assert.Null(Left().Last);
    }

    [Fact]
    public void The_journal_stays_small_and_nothing_open_is_lost_with_what_is_left_out()
    {
        var (running, replied) = (Request("running"), Request("replied"));
        requests.Take(running);
        requests.Begin(running, 1, silent: false);
        requests.Take(replied);
        requests.Replied(replied);
        for (var i = 0; i < 3_000; i++)
        {
            var cell = Request($"cell {i}");
            requests.Take(cell);
            requests.Begin(cell, 2 + i, silent: false);
            requests.Replied(cell);
            requests.Done(cell);
            Assert.InRange(new FileInfo(path).Length, 1, 300_000);
        }
        var left = Left();
        Assert.Equal(["running", "replied"], left.Requests.Select(Id));
        Assert.Equal((1, true, "cell 2999", 3_001), (left.Requests[0].ExecutionCount, left.Requests[1].IsReplied, Id(left.Last!), left.Count));
    }

    private static IncomingMessage Request(string id, string type = "execute_request", ChannelName channel = ChannelName.Shell) => new(
        channel, [[1, 2]], new MessageHeader(id, "s", type, null), Encoding.UTF8.GetBytes(new JsonObject { ["msg_id"] = id }.ToJsonString()), null, null, []);

    private static string Id(OpenRequest request) => (string)JsonNode.Parse(request.RawHeader)!["msg_id"]!;

    private OpenAtTheEnd Left() => OpenRequest.Read(Entries());

    private List<JsonObject> Entries()
    {
        using var file = new FileStream(path, FileMode.Open, FileAccess.Read, FileShare.ReadWrite);
        return Journal.Read(file);
    }
}
