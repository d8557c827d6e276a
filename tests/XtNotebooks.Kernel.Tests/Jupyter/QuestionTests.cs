using System.Text.Json.Nodes;

namespace XtNotebooks.Kernel.Tests.Jupyter;

/// <summary>Questions about code, and about the past.</summary>
public class QuestionTests
{
    [Fact]
    public async Task Positions_are_code_points_on_the_wire_and_UTF16_in_the_session()
    {
        await using var client = await KernelClient.StartAsync();
        var reply = client.Reply(client.Send("shell", "complete_request", new JsonObject { ["code"] = "𝐚𝐚bc", ["cursor_pos"] = 3 }));
        Assert.Equal("𝐚𝐚b!", reply.Content.GetProperty("matches")[0].GetString());
        Assert.Equal((2, 3), (reply.Content.GetProperty("cursor_start").GetInt32(), reply.Content.GetProperty("cursor_end").GetInt32()));
        var type = reply.Content.GetProperty("metadata").GetProperty("_jupyter_types_experimental")[0];
        Assert.Equal(("function", 2, 3), (type.GetProperty("type").GetString(), type.GetProperty("start").GetInt32(), type.GetProperty("end").GetInt32()));
    }

    [Fact]
    public async Task Inspection_answers_and_a_question_mark_opens_the_pager()
    {
        await using var client = await KernelClient.StartAsync();
        var reply = client.Reply(client.Send("shell", "inspect_request", new JsonObject { ["code"] = "abc", ["cursor_pos"] = 2, ["detail_level"] = 1 }));
        Assert.True(reply.Content.GetProperty("found").GetBoolean());
        Assert.Equal("ab True", reply.Content.GetProperty("data").GetProperty("text/plain").GetString());
        reply = client.Reply(client.Send("shell", "inspect_request", new JsonObject { ["code"] = "unknown", ["cursor_pos"] = 7 }));
        Assert.False(reply.Content.GetProperty("found").GetBoolean());
        reply = client.Reply(client.Execute("abc?"));
        Assert.Equal("page", reply.Content.GetProperty("payload")[0].GetProperty("source").GetString());
        Assert.Equal("abc False", reply.Content.GetProperty("payload")[0].GetProperty("data").GetProperty("text/plain").GetString());
    }

    [Theory]
    [InlineData("a", "complete", null)]
    [InlineData("if {", "incomplete", "    ")]
    [InlineData(")", "invalid", null)]
    public async Task Completeness_is_told_with_the_indentation_of_the_next_line(string code, string status, string? indent)
    {
        await using var client = await KernelClient.StartAsync();
        var reply = client.Reply(client.Send("shell", "is_complete_request", new JsonObject { ["code"] = code }));
        Assert.Equal(status, reply.Status);
        Assert.Equal(indent, reply.Content.TryGetProperty("indent", out var given) ? given.GetString() : null);
    }

    [Fact]
    public async Task History_is_told_with_and_without_outputs()
    {
        await using var client = await KernelClient.StartAsync();
        client.Reply(client.Execute("value 5"));
        client.Reply(client.Execute("out b", new JsonObject { ["store_history"] = false }));
        var reply = client.Reply(client.Send("shell", "history_request", new JsonObject { ["hist_access_type"] = "tail", ["n"] = 5, ["output"] = true, ["raw"] = true }));
        var cell = Assert.Single(reply.Content.GetProperty("history").EnumerateArray().ToArray());
        Assert.Equal("""[1,1,["value 5","5"]]""", cell.GetRawText());
        reply = client.Reply(client.Send("shell", "history_request", new JsonObject { ["hist_access_type"] = "dig" }));
        Assert.Equal("error", reply.Status);
    }
}
