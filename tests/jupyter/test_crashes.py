"""Cells that end the kernel's process: the front end is told why, by whoever is left."""

import os
import signal
import time
import unittest

import nbformat
from nbclient import NotebookClient
from nbclient.exceptions import CellExecutionError

from kernel import OwnKernelCase, TIMEOUT, finish, run_cell

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
