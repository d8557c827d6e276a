using System.Text.Json.Nodes;

namespace XtNotebooks.Kernel.Tests.Jupyter;

/// <summary>A cell may fill the thread pool; nothing that stands between the front end and its interrupt may need a thread of it.</summary>
public class FullPoolTests
{
    [Fact]
    public async Task Text_replies_interrupts_and_the_end_need_no_thread_of_a_pool_that_is_full_for_good()
    {
        await using var client = await KernelClient.StartProcessAsync();
        Assert.Equal("ok", client.Reply(client.Execute("1 + 1")).Status);
        // No further thread begins, and those there are wait in code that nothing stops.
        var id = client.Execute("""
            var forever = new ManualResetEvent(false);
            ThreadPool.SetMinThreads(1, 1);
            ThreadPool.SetMaxThreads(Environment.ProcessorCount, Environment.ProcessorCount);
            for (var i = 0; i < 200; i++)
                ThreadPool.UnsafeQueueUserWorkItem(_ => forever.WaitOne(), null);
            Console.Write("full");
            await Task.Delay(-1);
            """);
        Assert.Equal("full", client.Published("stream").Content.GetProperty("text").GetString());
        Assert.Equal("ping", client.Beat("ping"));
        Assert.Equal("ok", client.Reply(client.Send("control", "kernel_info_request"), "control").Status);
        Assert.Equal("ok", client.Reply(client.Send("control", "interrupt_request"), "control").Status);
        Assert.Equal("Interrupted", client.Reply(id).Content.GetProperty("ename").GetString());
        Assert.Equal("ok", client.Reply(client.Send("shell", "kernel_info_request")).Status);
        Assert.Equal("ok", client.Reply(client.Send("control", "shutdown_request", new JsonObject { ["restart"] = false }), "control").Status);
        await client.Process!.WaitForExitAsync(TestContext.Current.CancellationToken);
        Assert.Equal(0, client.Process.ExitCode);
    }

    [Fact]
    public async Task A_cell_that_waits_for_more_tasks_than_the_pool_begins_is_interrupted()
    {
        await using var client = await KernelClient.StartProcessAsync();
        Assert.Equal("ok", client.Reply(client.Execute("""
            ThreadPool.SetMinThreads(1, 1);
            ThreadPool.SetMaxThreads(Environment.ProcessorCount, Environment.ProcessorCount);
            """)).Status);
        var id = client.Execute("""
            Console.Write("begun");
            Task.WaitAll(Enumerable.Range(0, 200).Select(_ => Task.Run(() => { while (true) Thread.Sleep(50); })).ToArray());
            """);
        client.Published("stream");
        client.Send("control", "interrupt_request");
        Assert.Equal("Interrupted", client.Reply(id).Content.GetProperty("ename").GetString());
        var after = client.Reply(client.Execute("var after = 1;"));
        Assert.True(after.Status == "ok", after.Content.ToString());
    }

    [Fact]
    public async Task The_next_cell_does_not_queue_for_minutes_behind_work_that_never_ends()
    {
        await using var client = await KernelClient.StartProcessAsync();
        Assert.Equal("ok", client.Reply(client.Execute("""
            var forever = new ManualResetEvent(false);
            for (var i = 0; i < 400; i++)
                ThreadPool.UnsafeQueueUserWorkItem(_ => forever.WaitOne(), null);
            """)).Status);
        Assert.Equal("ok", client.Reply(client.Execute("Console.Write(1); 2 + 2")).Status);
        var completed = client.Reply(client.Send("shell", "complete_request", new JsonObject { ["code"] = "Console.Wri", ["cursor_pos"] = 11 }));
        Assert.Contains("Write", completed.Content.GetProperty("matches").EnumerateArray().Select(match => match.GetString()));
    }

    [Fact]
    public async Task A_cell_is_compiled_also_where_a_cell_has_filled_the_pool_for_good_and_forbidden_it_to_grow()
    {
        await using var client = await KernelClient.StartProcessAsync();
        Assert.Equal("ok", client.Reply(client.Execute("""
            var forever = new ManualResetEvent(false);
            ThreadPool.SetMinThreads(1, 1);
            ThreadPool.SetMaxThreads(Environment.ProcessorCount, Environment.ProcessorCount);
            for (var i = 0; i < 100; i++)
                ThreadPool.UnsafeQueueUserWorkItem(_ => forever.WaitOne(), null);
            """)).Status);
        Assert.Equal("ok", client.Reply(client.Execute("var after = Enumerable.Range(0, 10).Select(i => i * 2).Sum();")).Status);
        Assert.Equal("ok", client.Reply(client.Execute("ThreadPool.GetMaxThreads(out var most, out _); if (most != Environment.ProcessorCount) throw new Exception(most.ToString());")).Status);
    }

    [Theory]
    [InlineData("AppDomain.CurrentDomain.ProcessExit += (_, _) => Thread.Sleep(-1);")]
    [InlineData("new Thread(() => { while (true) { } }).Start();")]
    public async Task A_kernel_that_is_asked_to_end_ends_whatever_cells_have_left_behind(string code)
    {
        await using var client = await KernelClient.StartProcessAsync();
        Assert.Equal("ok", client.Reply(client.Execute(code)).Status);
        client.Send("control", "shutdown_request", new JsonObject { ["restart"] = false });
        await client.Process!.WaitForExitAsync(TestContext.Current.CancellationToken).WaitAsync(TimeSpan.FromMinutes(1), TestContext.Current.CancellationToken);
    }
}
