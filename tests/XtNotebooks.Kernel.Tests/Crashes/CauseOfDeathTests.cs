using XtNotebooks.Kernel.Crashes;

namespace XtNotebooks.Kernel.Tests.Crashes;

public sealed class CauseOfDeathTests
{
    [Fact]
    public void A_stack_overflow_names_what_called_itself()
    {
        var cause = CauseOfDeath.Of(134, """
            Stack overflow.
            Repeated 24019 times:
            --------------------------------
               at Submission#3+Tree..ctor(Int32)
               at Submission#3+Tree.Grow()
            --------------------------------
               at Submission#3+<<Initialize>>d__0.MoveNext()
               at System.Threading.Thread.StartCallback()

            """, outOfMemory: false);
        Assert.Equal("StackOverflow", cause.Name);
        Assert.Contains("through new Tree(Int32)", cause.Message, StringComparison.Ordinal);
        Assert.Equal([cause.Message, "   at new Tree(Int32)", "   at Tree.Grow()"], cause.Traceback);
    }

    [Fact]
    public void Type_arguments_are_left_out()
    {
        var cause = CauseOfDeath.Of(134, "Stack overflow.\n   at System.Linq.Enumerable+Select`2[[System.Int32, System.Private.CoreLib],[System.Int32, System.Private.CoreLib]].GetCount(Boolean)\n", outOfMemory: false);
        Assert.Contains("through System.Linq.Enumerable+Select.GetCount(Boolean);", cause.Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(137, "", true, "OutOfMemory", "the system ended the process")]
    [InlineData(137, "", false, "Killed", "signal 9")]
    [InlineData(134, "Out of memory.\n", false, "OutOfMemory", "Memory ran out")]
    [InlineData(134, "Process terminated. no more\n   at System.Environment.FailFast(System.String)\n", false, "ProcessTerminated", "FailFast ended the process: no more.")]
    [InlineData(134, "Process terminated.\nno more\n   at System.Environment.FailFast(System.String)\n", false, "ProcessTerminated", "FailFast ended the process: no more.")]
    [InlineData(134, "Process terminated.\n   at System.Environment.FailFast(System.String)\n", false, "ProcessTerminated", "FailFast ended the process.")]
    [InlineData(134, "Unhandled exception. System.Exception: lost\n", false, "UnhandledException", "System.Exception: lost.")]
    [InlineData(129, "", false, "ProcessDied", "signal 1 (SIGHUP)")]
    [InlineData(130, "", false, "ProcessDied", "signal 2 (SIGINT)")]
    [InlineData(139, "", false, "ProcessDied", "SIGSEGV")]
    [InlineData(3, "a warning\n", false, "ProcessExited", "exit code 3")]
    public void Every_end_has_its_sentence(int exitCode, string lastWords, bool outOfMemory, string name, string words)
    {
        var cause = CauseOfDeath.Of(exitCode, lastWords, outOfMemory);
        Assert.Equal(name, cause.Name);
        Assert.Contains(words, cause.Message, StringComparison.Ordinal);
        Assert.EndsWith("Variables are lost.", cause.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void The_last_of_several_last_words_are_those_of_the_process()
    {
        var tail = new ErrorTail();
        tail.Append("Unhandled exception. System.Exception: of a program that a cell started\nmore\nUnhandled exception. System.Exception: its own\n");
        Assert.Equal("Unhandled exception. System.Exception: its own\n", tail.ToString());
    }

    [Fact]
    public void The_runtime_s_last_words_are_found_behind_everything_else()
    {
        var tail = new ErrorTail();
        var to = new MemoryStream();
        tail.Copy(new MemoryStream([.. "a warning: Stack overflow. (said a library)\n"u8, .. new byte[300_000].Select(_ => (byte)'x'), .. "\nStack overflow.\n   at A()\n"u8]), to);
        Assert.Equal("Stack overflow.\n   at A()\n", tail.ToString());
        Assert.Equal(300_000, to.ToArray().Count(each => each == 'x'));
        tail.Append(new string('y', 300_000));
        Assert.StartsWith("Stack overflow.\n   at A()\n", tail.ToString(), StringComparison.Ordinal);
        Assert.True(tail.ToString().Length < 200_000);
    }
}
