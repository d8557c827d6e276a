"""Cells that end the kernel's process: the front end is told why, by whoever is left."""

import os
import queue
import signal
import tempfile
import time
import unittest

import nbformat
from nbclient import NotebookClient
from nbclient.exceptions import CellExecutionError

from kernel import OwnKernelCase, TIMEOUT, control_request, finish, run_cell, shell_reply, wait_for
from test_lifecycle import second_client

# What no check in cell code can stop: recursion of the framework alone.
OVERFLOW = """
IEnumerable<int> chain = [1];
for (var i = 0; i < 300_000; i++)
    chain = chain.Select(x => x).Concat([2]);
chain.Count()
"""


class Crashes(OwnKernelCase):
    def assert_told(self, code, name, *words):
        run_cell(self.kc, "var before = 1;")
        msg_id = self.kc.execute(code, allow_stdin=False)
        ended = finish(self.kc, msg_id, 3 * TIMEOUT)
        self.assertEqual((ended.status, ended.reply["ename"], ended.reply["execution_count"]), ("error", name, 2))
        [error] = ended.of("error")
        for word in words:
            self.assertIn(word, error["evalue"])
        self.assertEqual(error["evalue"], ended.reply["evalue"])
        until = time.monotonic() + 10
        while self.km.provisioner.process.poll() is None and time.monotonic() < until:
            time.sleep(0.05)
        self.assertNotIn(self.km.provisioner.process.poll(), (None, 0))
        return error

    def assert_answered_once(self, kc, *msg_ids):
        """Gives the replies; each request has one, and one idle."""
        replies, idle, until = {}, [], time.monotonic() + 3 * TIMEOUT
        while set(replies) != set(msg_ids):
            reply = kc.get_shell_msg(timeout=max(0.01, until - time.monotonic()))
            self.assertNotIn(reply["parent_header"]["msg_id"], replies)
            replies[reply["parent_header"]["msg_id"]] = reply["content"]
        while not set(msg_ids) <= set(idle):
            message = kc.get_iopub_msg(timeout=max(0.01, until - time.monotonic()))
            if message["content"].get("execution_state") == "idle":
                idle.append(message["parent_header"]["msg_id"])
        self.km.provisioner.process.wait(10)
        with self.assertRaises(queue.Empty):
            print(kc.get_shell_msg(timeout=0.3))
        self.assertEqual(len(idle), len(set(idle)))
        return replies

    def wait_until_taken(self, kc, subshell):
        """What a client has sent is with the kernel when it answers what came behind it, in a shell that is free."""
        message = kc.session.msg("kernel_info_request", {})
        message["header"]["subshell_id"] = subshell
        kc.session.send(kc.shell_channel.socket, message)
        shell_reply(kc, message["header"]["msg_id"])

    def test_what_the_cell_showed_last_arrives(self):
        run_cell(self.kc, "var before = 1;")
        for code in ('Environment.FailFast("enough");', "System.Diagnostics.Process.GetCurrentProcess().Kill();"):
            show = 'Console.Error.Write("first"); var live = display(0); for (var i = 1; i <= 1000; i++) live.Update(i); Console.Write("last words"); '
            ended = finish(self.kc, self.kc.execute(show + code, allow_stdin=False), 3 * TIMEOUT)
            self.assertEqual((ended.text("stderr"), ended.text()), ("first", "last words"))
            self.assertEqual(ended.of("update_display_data")[-1]["data"]["text/plain"], "1000")
            self.assertEqual(ended.kinds[-2:], ["stream", "error"])
            self.km.provisioner.process.wait(10)
            self.km.restart_kernel()
            self.kc.wait_for_ready(timeout=TIMEOUT)

    def test_text_that_was_written_by_thousands_arrives_to_the_last_letter(self):
        for code in ('Environment.FailFast("enough");', "System.Diagnostics.Process.GetCurrentProcess().Kill();"):
            write = 'for (var i = 0; i < 20_000; i++) Console.WriteLine($"step {i}"); '
            ended = finish(self.kc, self.kc.execute(write + code, allow_stdin=False), 3 * TIMEOUT)
            self.assertEqual(ended.text().splitlines(), [f"step {i}" for i in range(20_000)])
            self.km.provisioner.process.wait(10)
            self.km.restart_kernel()
            self.kc.wait_for_ready(timeout=TIMEOUT)

    def test_what_waits_behind_the_cell_that_dies_is_answered_once(self):
        run_cell(self.kc, "var before = 1;")
        other = second_client(self.km)
        subshell = control_request(self.kc, "create_subshell_request")["subshell_id"]
        scratch = tempfile.TemporaryDirectory()
        sent = os.path.join(scratch.name, "sent")
        try:
            dying = self.kc.execute(f'while (!File.Exists("{sent}")) Thread.Sleep(10); Environment.FailFast("enough");', allow_stdin=False)
            # Each client has a way of its own to the kernel: what the other one sends could be there first.
            wait_for(self.kc, "execute_input", dying)
            cells = [self.kc.execute(f"{i}", allow_stdin=False, stop_on_error=i % 2 == 0) for i in range(30)]
            asked = [self.kc.complete("Cons", 4), self.kc.inspect("Console", 3), self.kc.is_complete("1"), self.kc.comm_info(), self.kc.kernel_info()]
            asked.append(self.kc.history(hist_access_type="tail", n=1))
            others = [other.execute("1"), other.complete("Cons", 4)]
            for kc in (self.kc, other):
                self.wait_until_taken(kc, subshell)
            open(sent, "w").close()
            replies = self.assert_answered_once(self.kc, dying, *cells, *asked)
            self.assertEqual(replies[dying]["ename"], "ProcessTerminated")
            for msg_id in cells:
                self.assertEqual([replies[msg_id][name] for name in ("status", "ename", "execution_count")], ["error", "Aborted", 2])
                self.assertIn("ended in cell 2", replies[msg_id]["evalue"])
            for msg_id in asked:
                self.assertEqual([replies[msg_id][name] for name in ("status", "ename")], ["error", "KernelEnded"])
            replies = self.assert_answered_once(other, *others)
            self.assertEqual([replies[msg_id]["ename"] for msg_id in others], ["Aborted", "KernelEnded"])
        finally:
            other.stop_channels()
            scratch.cleanup()

    def test_what_is_sent_when_the_cells_process_has_died_is_answered_too(self):
        cells = run_cell(self.kc, "Environment.ProcessId").value
        os.kill(int(cells), signal.SIGKILL)
        while os.path.exists(f"/proc/{cells}"):
            time.sleep(0.01)
        time.sleep(0.05)
        # The stop button does not take the answers away.
        os.kill(self.km.provisioner.pid, signal.SIGINT)
        late = [self.kc.execute("1", allow_stdin=False), self.kc.complete("Cons", 4)]
        replies = self.assert_answered_once(self.kc, *late)
        self.assertEqual([replies[msg_id]["ename"] for msg_id in late], ["Aborted", "KernelEnded"])

    def test_a_stack_that_overflows_where_no_check_stands(self):
        self.assert_told(OVERFLOW, "StackOverflow", "stack overflowed", "Variables are lost", "restarted")

    def test_FailFast(self):
        self.assert_told('Environment.FailFast("enough of it");', "ProcessTerminated", "enough of it")

    def test_an_exit_by_the_cell(self):
        self.assert_told("Environment.Exit(3);", "ProcessExited", "exit code 3")

    def test_a_native_fault(self):
        self.assert_told("unsafe { ((delegate* unmanaged<void>)1)(); }", "ProcessDied", "SIGSEGV")

    def test_a_kill_from_outside(self):
        self.assert_told('System.Diagnostics.Process.GetCurrentProcess().Kill();', "Killed", "signal 9")

    def test_memory_that_runs_out_is_an_error_of_the_cell(self):
        ended = run_cell(self.kc, "new int[int.MaxValue / 2, 4096]")
        self.assertEqual((ended.status, ended.reply["ename"]), ("error", "System.OutOfMemoryException"))
        self.assertEqual(run_cell(self.kc, "6 * 7").value, "42")

    def test_a_kernel_that_ended_in_the_middle_starts_again_on_its_ports(self):
        self.assert_told("Environment.FailFast(null);", "ProcessTerminated")
        self.km.restart_kernel()
        self.kc.wait_for_ready(timeout=TIMEOUT)
        self.assertEqual(run_cell(self.kc, "6 * 7").value, "42")

    def test_an_interrupt_signal_and_a_kill_reach_the_cells_process(self):
        msg_id = self.kc.execute("while (true) { }", allow_stdin=False)
        time.sleep(0.5)
        self.km.signal_kernel(signal.SIGINT)
        self.assertEqual(finish(self.kc, msg_id).reply["ename"], "Interrupted")

    def test_an_interrupt_signal_to_all_processes_spares_the_next_cell(self):
        msg_id = self.kc.execute("while (true) { }", allow_stdin=False)
        time.sleep(0.5)
        self.km.signal_kernel(signal.SIGINT)
        self.assertEqual(finish(self.kc, msg_id).reply["ename"], "Interrupted")
        self.assertEqual(run_cell(self.kc, "Thread.Sleep(300); 6 * 7").value, "42")

    def test_the_cells_process_ends_where_the_one_that_Jupyter_started_is_killed(self):
        cells = run_cell(self.kc, "Environment.ProcessId").value
        self.assertNotEqual(cells, str(self.km.provisioner.pid))
        os.kill(self.km.provisioner.pid, signal.SIGKILL)
        until = time.monotonic() + 10
        while os.path.exists(f"/proc/{cells}") and time.monotonic() < until:
            time.sleep(0.05)
        self.assertFalse(os.path.exists(f"/proc/{cells}"))


class Headless(unittest.TestCase):
    def test_nbclient_raises_the_cause(self):
        notebook = nbformat.v4.new_notebook(metadata={"kernelspec": {"name": "xt-csharp", "display_name": "C#"}})
        notebook.cells = [nbformat.v4.new_code_cell('Environment.FailFast("the end")')]
        with self.assertRaisesRegex(CellExecutionError, "the end"):
            NotebookClient(notebook, timeout=60).execute()


if __name__ == "__main__":
    unittest.main()
