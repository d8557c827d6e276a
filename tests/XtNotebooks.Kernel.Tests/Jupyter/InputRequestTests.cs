using System.Text.Json.Nodes;

namespace XtNotebooks.Kernel.Tests.Jupyter;

/// <summary>Lines that cells ask of the reader.</summary>
public class InputRequestTests
{
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
    public async Task An_answer_that_names_an_older_question_does_not_answer_the_newer_one()
    {
        await using var client = await KernelClient.StartAsync();
        client.Execute("ask name");
        var older = client.Next("stdin").Header;
        client.Kernel.Interrupt();
        var id = client.Execute("ask password");
        var newer = client.Next("stdin").Header;
        client.Answer("too late", older);
        client.Answer("in time", newer);
        Assert.Contains("stdout:got in time", client.Outputs(id));
    }
}
