using System.Net.Sockets;
using System.Text;
using System.Text.Json.Nodes;
using XtNotebooks.Extensibility;

namespace XtNotebooks.Kernel.Tests.Jupyter;

public class JupyterKernelTests
{
    [Fact]
    public async Task A_subscriber_is_welcomed_and_the_heart_beats()
    {
        await using var client = await KernelClient.StartAsync();
        Assert.Equal("", client.Welcome.Content.GetProperty("subscription").GetString());
        Assert.Null(client.Welcome.ParentId);
        Assert.Equal("ping", client.Beat("ping"));
    }

    [Theory]
    [InlineData("shell")]
    [InlineData("control")]
    public async Task The_kernel_tells_what_it_is_on_both_channels(string channel)
    {
        await using var client = await KernelClient.StartAsync();
        var id = client.Send(channel, "kernel_info_request");
        var reply = client.Reply(id, channel);
        Assert.Equal("kernel_info_reply", reply.Type);
        Assert.Equal("ok", reply.Status);
        Assert.Equal("5.5", reply.Content.GetProperty("protocol_version").GetString());
        Assert.Equal("C#", reply.Content.GetProperty("language_info").GetProperty("name").GetString());
        Assert.Equal("kernel subshells", reply.Content.GetProperty("supported_features")[0].GetString());
        Assert.Equal(["status:busy", "status:idle"], client.Outputs(id));
    }

    [Fact]
    public async Task A_cell_is_published_in_order_between_busy_and_idle()
    {
        await using var client = await KernelClient.StartAsync();
        var id = client.Execute("out a\nerr b\nshow c\nupdate d\nclear\nvalue e");
        Assert.Equal(
            ["status:busy", "input:1", "stdout:a\n", "stderr:b\n", "display_data:c", "update_display_data:d", "clear_output", "execute_result:e", "status:idle"],
            client.Outputs(id));
        var reply = client.Reply(id);
        Assert.Equal("ok", reply.Status);
        Assert.Equal(1, reply.Content.GetProperty("execution_count").GetInt32());
    }

    [Fact]
    public async Task A_silent_cell_is_not_published_nor_counted()
    {
        await using var client = await KernelClient.StartAsync();
        var id = client.Execute("out a\nvalue b", new JsonObject { ["silent"] = true });
        Assert.Equal(["status:busy", "status:idle"], client.Outputs(id));
        Assert.Equal(0, client.Reply(id).Content.GetProperty("execution_count").GetInt32());
        id = client.Execute("out a", new JsonObject { ["store_history"] = false });
        Assert.Equal(["status:busy", "input:0", "stdout:a\n", "status:idle"], client.Outputs(id));
    }

    [Fact]
    public async Task An_error_aborts_what_was_queued_and_later_cells_run()
    {
        await using var client = await KernelClient.StartAsync();
        var first = client.Execute("out a\nfail it broke");
        var second = client.Execute("out b");
        var info = client.Send("shell", "kernel_info_request");
        var third = client.Execute("out c");
        Assert.Equal(["status:busy", "input:1", "stdout:a\n", "error:Failure", "status:idle"], client.Outputs(first));
        Assert.Equal(["status:busy", "status:idle"], client.Outputs(second));
        var reply = client.Reply(first);
        Assert.Equal(("error", "Failure", "it broke"), (reply.Status, reply.Content.GetProperty("ename").GetString(), reply.Content.GetProperty("evalue").GetString()));
        Assert.Equal("Aborted", client.Reply(second).Content.GetProperty("ename").GetString());
        Assert.Equal("ok", client.Reply(info).Status);
        Assert.Equal("Aborted", client.Reply(third).Content.GetProperty("ename").GetString());
        Assert.Equal("ok", client.Reply(client.Execute("out d")).Status);
    }

    [Fact]
    public async Task Without_stop_on_error_the_queue_goes_on()
    {
        await using var client = await KernelClient.StartAsync();
        client.Execute("fail x", new JsonObject { ["stop_on_error"] = false });
        Assert.Equal("ok", client.Reply(client.Execute("out b")).Status);
    }

    [Fact]
    public async Task User_expressions_are_answered_each_on_its_own()
    {
        await using var client = await KernelClient.StartAsync();
        var id = client.Execute("out a", new JsonObject { ["user_expressions"] = new JsonObject { ["x"] = "1+1", ["y"] = "bad", ["z"] = 7 } });
        var expressions = client.Reply(id).Content.GetProperty("user_expressions");
        Assert.Equal("1+1", expressions.GetProperty("x").GetProperty("data").GetProperty("text/plain").GetString());
        Assert.Equal("error", expressions.GetProperty("y").GetProperty("status").GetString());
        Assert.Equal("Bad", expressions.GetProperty("y").GetProperty("ename").GetString());
    }

    [Fact]
    public async Task A_hundred_cells_in_flight_are_answered_in_order()
    {
        await using var client = await KernelClient.StartAsync();
        var ids = Enumerable.Range(0, 100).Select(i => client.Execute($"value {i}")).ToArray();
        foreach (var (i, id) in ids.Index())
        {
            var reply = client.Next("shell");
            Assert.Equal(id, reply.ParentId);
            Assert.Equal(i + 1, reply.Content.GetProperty("execution_count").GetInt32());
            Assert.Equal(["status:busy", $"input:{i + 1}", $"execute_result:{i}", "status:idle"], client.Outputs(id));
        }
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task An_interrupt_stops_the_cell_and_aborts_the_queue(bool byMessage)
    {
        await using var client = await KernelClient.StartAsync();
        var cell = client.Execute("wait");
        var queued = client.Execute("out b");
        await client.Code.Waiting.WaitAsync(TestContext.Current.CancellationToken);
        if (byMessage)
            Assert.Equal("ok", client.Reply(client.Send("control", "interrupt_request"), "control").Status);
        else
            client.Kernel.Interrupt();
        Assert.Equal("Interrupted", client.Reply(cell).Content.GetProperty("ename").GetString());
        Assert.Equal("Aborted", client.Reply(queued).Content.GetProperty("ename").GetString());
        Assert.Equal("ok", client.Reply(client.Execute("out c")).Status);
    }

    [Fact]
    public async Task A_subshell_answers_and_runs_while_the_main_shell_is_busy()
    {
        await using var client = await KernelClient.StartAsync();
        var cell = client.Execute("wait");
        await client.Code.Waiting.WaitAsync(TestContext.Current.CancellationToken);
        var created = client.Reply(client.Send("control", "create_subshell_request"), "control");
        var subshell = created.Content.GetProperty("subshell_id").GetString()!;
        var listed = client.Reply(client.Send("control", "list_subshell_request"), "control");
        Assert.Equal(subshell, listed.Content.GetProperty("subshell_id")[0].GetString());

        Assert.Equal("ok", client.Reply(client.Send("shell", "complete_request", new JsonObject { ["code"] = "ab", ["cursor_pos"] = 2 }, subshell)).Status);
        Assert.Equal("ok", client.Reply(client.Send("shell", "execute_request", new JsonObject { ["code"] = "out b" }, subshell)).Status);
        Assert.Equal(subshell, client.Code.Ran[^1].Subshell);

        Assert.Equal("ok", client.Reply(client.Send("control", "delete_subshell_request", new JsonObject { ["subshell_id"] = subshell }), "control").Status);
        var gone = client.Reply(client.Send("shell", "execute_request", new JsonObject { ["code"] = "out b" }, subshell));
        Assert.Equal("SubshellError", gone.Content.GetProperty("ename").GetString());
        Assert.Equal("error", client.Reply(client.Send("control", "delete_subshell_request", new JsonObject { ["subshell_id"] = "none" }), "control").Status);
        client.Kernel.Interrupt();
        Assert.Equal("error", client.Reply(cell).Status);
    }

    [Fact]
    public async Task An_interrupt_that_names_a_subshell_leaves_the_main_cell_alone()
    {
        await using var client = await KernelClient.StartAsync();
        var main = client.Execute("wait");
        var subshell = client.Reply(client.Send("control", "create_subshell_request"), "control").Content.GetProperty("subshell_id").GetString()!;
        var aside = client.Send("shell", "execute_request", new JsonObject { ["code"] = "wait" }, subshell);
        await client.Code.Waiting.WaitAsync(TestContext.Current.CancellationToken);
        await client.Code.Waiting.WaitAsync(TestContext.Current.CancellationToken);
        client.Send("control", "interrupt_request", subshell: subshell);
        Assert.Equal(aside, client.Next("shell").ParentId);
        client.Send("control", "interrupt_request");
        Assert.Equal(main, client.Next("shell").ParentId);
    }

    [Fact]
    public async Task An_interrupt_that_the_client_sent_before_the_cell_spares_it()
    {
        await using var client = await KernelClient.StartAsync();
        var cell = client.Send("shell", "execute_request", new JsonObject { ["code"] = "wait" }, date: "2026-01-01T00:00:05Z");
        await client.Code.Waiting.WaitAsync(TestContext.Current.CancellationToken);
        Assert.Equal("ok", client.Reply(client.Send("control", "interrupt_request", date: "2026-01-01T00:00:04Z"), "control").Status);
        var aside = client.Reply(client.Send("control", "create_subshell_request"), "control").Content.GetProperty("subshell_id").GetString()!;
        Assert.Equal("ok", client.Reply(client.Send("shell", "execute_request", new JsonObject { ["code"] = "out b" }, aside)).Status);
        client.Send("control", "interrupt_request", date: "2026-01-01T00:00:06Z");
        Assert.Equal("Interrupted", client.Reply(cell).Content.GetProperty("ename").GetString());
    }

    [Theory]
    [InlineData("name? ", false)]
    [InlineData("password", true)]
    public async Task A_cell_asks_the_client_that_runs_it_for_a_line(string prompt, bool password)
    {
        await using var client = await KernelClient.StartAsync();
        var id = client.Execute($"out before\nask {prompt}");
        var asked = client.Next("stdin");
        Assert.Equal("input_request", asked.Type);
        Assert.Equal(id, asked.ParentId);
        Assert.Equal(prompt, asked.Content.GetProperty("prompt").GetString());
        Assert.Equal(password, asked.Content.GetProperty("password").GetBoolean());
        client.Answer("Ada");
        Assert.Equal(["status:busy", "input:1", "stdout:before\n", "stdout:got Ada", "status:idle"], client.Outputs(id));
    }

    [Fact]
    public async Task A_cell_may_not_ask_where_the_client_does_not_answer()
    {
        await using var client = await KernelClient.StartAsync();
        var id = client.Execute("ask x", new JsonObject { ["allow_stdin"] = false });
        Assert.Contains("stdout:got nothing", client.Outputs(id));
    }

    [Fact]
    public async Task An_answer_that_nobody_waits_for_is_dropped_and_an_interrupt_ends_the_question()
    {
        await using var client = await KernelClient.StartAsync();
        client.Answer("stale");
        var id = client.Execute("ask x");
        client.Next("stdin");
        client.Kernel.Interrupt();
        Assert.Equal("error", client.Reply(id).Status);
        id = client.Execute("ask y");
        client.Next("stdin");
        client.Answer("fresh");
        Assert.Contains("stdout:got fresh", client.Outputs(id));
    }

    [Fact]
    public async Task A_display_is_updated_after_its_cell_has_ended()
    {
        await using var client = await KernelClient.StartAsync();
        var id = client.Execute("show a\nlater b");
        Assert.Equal("status:idle", client.Outputs(id)[^1]);
        var update = client.Published("update_display_data");
        Assert.Equal(id, update.ParentId);
        Assert.Equal("id", update.Content.GetProperty("transient").GetProperty("display_id").GetString());
    }

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

    [Fact]
    public async Task Comms_go_both_ways()
    {
        await using var client = await KernelClient.StartAsync();
        client.Reply(client.Execute("out ready"));
        var comms = client.Code.Comms!;
        comms.Accept("echo", (comm, opened) =>
        {
            comm.Received += (_, data) => comm.Send(data.Json, data.Buffers);
            comm.Send(opened.Json);
        });
        var open = client.Send("shell", "comm_open", new JsonObject { ["comm_id"] = "c1", ["target_name"] = "echo", ["data"] = new JsonObject { ["n"] = 1 } });
        var message = client.Published("comm_msg");
        Assert.Equal((open, 1), (message.ParentId, message.Content.GetProperty("data").GetProperty("n").GetInt32()));
        client.Send("shell", "comm_msg", new JsonObject { ["comm_id"] = "c1", ["data"] = new JsonObject { ["n"] = 2 } }, buffers: [[1, 2, 3]]);
        message = client.Published("comm_msg");
        Assert.Equal(2, message.Content.GetProperty("data").GetProperty("n").GetInt32());
        Assert.Equal([1, 2, 3], Assert.Single(message.Buffers));

        var mine = comms.Open("widget", """{"x": true}""");
        message = client.Published("comm_open");
        Assert.Equal("widget", message.Content.GetProperty("target_name").GetString());
        var info = client.Reply(client.Send("shell", "comm_info_request")).Content.GetProperty("comms");
        Assert.Equal("widget", info.GetProperty(mine.Id).GetProperty("target_name").GetString());
        Assert.Equal("echo", info.GetProperty("c1").GetProperty("target_name").GetString());
        info = client.Reply(client.Send("shell", "comm_info_request", new JsonObject { ["target_name"] = "echo" })).Content.GetProperty("comms");
        Assert.Single(info.EnumerateObject().ToArray());

        var lastWords = new TaskCompletionSource<CommData>();
        mine.Closed += (_, data) => lastWords.SetResult(data);
        client.Send("shell", "comm_close", new JsonObject { ["comm_id"] = mine.Id, ["data"] = new JsonObject { ["bye"] = 1 } });
        Assert.Contains("bye", (await lastWords.Task.WaitAsync(TimeSpan.FromSeconds(20), TestContext.Current.CancellationToken)).Json);
        Assert.Throws<InvalidOperationException>(() => mine.Send("{}"));
        Assert.Throws<ArgumentException>(() => comms.Open("widget", "[1]"));
    }

    [Fact]
    public async Task A_comm_to_nobody_is_closed_and_a_handler_that_throws_harms_nothing()
    {
        await using var client = await KernelClient.StartAsync();
        client.Send("shell", "comm_open", new JsonObject { ["comm_id"] = "c1", ["target_name"] = "nobody" });
        Assert.Equal("c1", client.Published("comm_close").Content.GetProperty("comm_id").GetString());
        client.Reply(client.Execute("out ready"));
        client.Code.Comms!.Accept("bad", (_, _) => throw new InvalidOperationException("oh"));
        client.Send("shell", "comm_open", new JsonObject { ["comm_id"] = "c2", ["target_name"] = "bad" });
        while (client.Published("stream").Short != "stderr:The comm 'bad' failed: oh\n")
        {
        }
        Assert.Equal("ok", client.Reply(client.Execute("out on")).Status);
    }

    [Fact]
    public async Task Debugging_is_refused_in_the_words_of_its_protocol()
    {
        await using var client = await KernelClient.StartAsync();
        var reply = client.Reply(client.Send("control", "debug_request", new JsonObject { ["type"] = "request", ["seq"] = 4, ["command"] = "attach" }), "control");
        Assert.Equal("debug_reply", reply.Type);
        Assert.False(reply.Content.GetProperty("success").GetBoolean());
        Assert.Equal((4, "attach"), (reply.Content.GetProperty("request_seq").GetInt32(), reply.Content.GetProperty("command").GetString()));
    }

    [Theory]
    [InlineData("control", true)]
    [InlineData("control", false)]
    [InlineData("shell", false)]
    public async Task A_shutdown_is_answered_and_ends_the_kernel_even_while_a_cell_runs(string channel, bool restart)
    {
        await using var client = await KernelClient.StartAsync();
        if (channel == "control")
        {
            client.Execute("wait");
            await client.Code.Waiting.WaitAsync(TestContext.Current.CancellationToken);
        }
        var reply = client.Reply(client.Send(channel, "shutdown_request", new JsonObject { ["restart"] = restart }), channel);
        Assert.Equal(("shutdown_reply", "ok", restart), (reply.Type, reply.Status, reply.Content.GetProperty("restart").GetBoolean()));
        await client.Kernel.Ended.WaitAsync(TimeSpan.FromSeconds(20), TestContext.Current.CancellationToken);
    }

    [Fact]
    public async Task A_bug_in_the_session_is_an_error_of_the_cell()
    {
        await using var client = await KernelClient.StartAsync();
        var reply = client.Reply(client.Execute("crash"));
        Assert.Equal("InternalError", reply.Content.GetProperty("ename").GetString());
        Assert.Equal("ok", client.Reply(client.Execute("out b")).Status);
    }

    [Theory]
    [InlineData("shell", "execute_request", "[1, 2]")]
    [InlineData("shell", "execute_request", "{}")]
    [InlineData("shell", "execute_request", "{\"code\": 5}")]
    [InlineData("shell", "complete_request", "nothing")]
    [InlineData("shell", "inspect_request", "{\"cursor_pos\": 3}")]
    [InlineData("shell", "is_complete_request", "{\"code\": null}")]
    [InlineData("control", "delete_subshell_request", "7")]
    public async Task Content_that_makes_no_sense_is_answered_with_an_error(string channel, string type, string content)
    {
        await using var client = await KernelClient.StartAsync();
        var reply = client.Reply(client.Send(channel, type, rawContent: content), channel);
        Assert.Equal("error", reply.Status);
        Assert.NotEqual("", reply.Content.GetProperty("evalue").GetString());
    }

    [Theory]
    [InlineData("shell")]
    [InlineData("control")]
    [InlineData("stdin")]
    public async Task No_message_however_broken_ends_the_kernel(string channel)
    {
        await using var client = await KernelClient.StartAsync();
        var header = """{"msg_id": "m", "msg_type": "execute_request", "session": "s"}""";
        client.SendRaw(channel, [[]]);
        client.SendRaw(channel, "just bytes"u8.ToArray());
        client.SendRaw(channel, "<IDS|MSG>"u8.ToArray());
        client.SendRaw(channel, "<IDS|MSG>"u8.ToArray(), [], [], [], [], []);
        client.SendRaw(channel, client.Frames("{}", "{}"));
        client.SendRaw(channel, client.Frames("[]", "{}"));
        client.SendRaw(channel, client.Frames(header.Replace("execute", "unheard_of", StringComparison.Ordinal), "{}"));
        var wrong = client.Frames(header, """{"code": "out hacked"}""");
        wrong[1] = Encoding.ASCII.GetBytes(new string('0', 64));
        client.SendRaw(channel, wrong);
        wrong[1] = [];
        client.SendRaw(channel, wrong);
        client.SendRaw(channel, client.Frames("{\"a\":" + new string('[', 5000), new string('{', 5000)));
        Assert.Equal("ok", client.Reply(client.Send("control", "kernel_info_request"), "control").Status);
        Assert.Equal("ok", client.Reply(client.Execute("out fine")).Status);
        Assert.DoesNotContain(client.Code.Ran, cell => cell.Code.Contains("hacked", StringComparison.Ordinal));
    }

    [Fact]
    public async Task A_replayed_message_runs_once()
    {
        await using var client = await KernelClient.StartAsync();
        var frames = client.Frames("""{"msg_id": "once", "msg_type": "execute_request", "session": "s"}""", """{"code": "out once"}""");
        client.SendRaw("shell", frames);
        client.SendRaw("shell", frames);
        Assert.Equal("ok", client.Reply(client.Execute("out after")).Status);
        Assert.Equal(["out once", "out after"], client.Code.Ran.Select(cell => cell.Code));
        Assert.Contains("come before", client.Log.ToString());
    }

    [Fact]
    public async Task Bytes_that_are_no_ZeroMQ_do_no_harm_on_any_port()
    {
        await using var client = await KernelClient.StartAsync();
        var connection = client.Connection;
        var random = new Random(7);
        foreach (var port in (int[])[connection.ShellPort, connection.ControlPort, connection.IOPubPort, connection.StdinPort, connection.HeartbeatPort])
        {
            foreach (var bytes in (byte[][])["GET / HTTP/1.1\r\n\r\n"u8.ToArray(), [], [0xff], new byte[1000], Garbage(random)])
            {
                using var stranger = new TcpClient("127.0.0.1", port);
                await stranger.GetStream().WriteAsync(bytes, TestContext.Current.CancellationToken);
                stranger.LingerState = new LingerOption(true, 0);
            }
        }
        Assert.Equal("ok", client.Reply(client.Execute("out fine")).Status);
        Assert.Equal("ping", client.Beat("ping"));

        static byte[] Garbage(Random random)
        {
            var bytes = new byte[5000];
            random.NextBytes(bytes);
            return bytes;
        }
    }
}
