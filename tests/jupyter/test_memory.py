"""Memory that runs out: an error of the cell where the runtime can go on, and the cause told where it cannot."""

import os
import signal
import time
import unittest

from jupyter_client.manager import start_new_kernel

from kernel import KernelCase, OwnKernelCase, TIMEOUT, finish, run_cell, wait_for


class Limited(KernelCase):
    """A kernel whose managed heap may not grow beyond a few hundred megabytes, as in a container."""

    LIMIT = {"DOTNET_GCHeapHardLimit": "0x14000000"}

    @classmethod
    def setUpClass(cls):
        cls.km, cls.kc = start_new_kernel(kernel_name="xt-csharp", startup_timeout=60, env=os.environ | cls.LIMIT)

    # Not tried: a cell that catches the exception itself and fills the memory again and again. Until it lets go, the kernel's threads have none
    # either, and its log has shown one of them fail at a message, which is lost then.
    def assert_told(self, code):
        run_cell(self.kc, "var before = 17;")
        ended = run_cell(self.kc, code, 3 * TIMEOUT)
        self.assertEqual(ended.status, "error")
        # Of several threads, each may have run out of it.
        self.assertIn(ended.reply["ename"], ("System.OutOfMemoryException", "System.AggregateException"))
        self.assertIn("System.OutOfMemoryException", "\n".join(ended.reply["traceback"]))
        self.assertEqual(run_cell(self.kc, "before").value, "17")
        # What the failed cell held is free again.
        self.assertEqual(run_cell(self.kc, "new byte[100_000_000].Length").value, "100000000")

    def test_one_array_that_is_too_large(self):
        self.assert_told("new byte[1_500_000_000].Length")

    def test_arrays_that_are_kept(self):
        self.assert_told("{ var all = new List<byte[]>(); while (true) all.Add(new byte[1 << 20]); }")

    def test_small_objects_that_are_kept(self):
        self.assert_told("{ var all = new LinkedList<string>(); while (true) all.AddLast(new string('x', 10)); }")

    def test_text_that_grows(self):
        self.assert_told('{ var text = "x"; while (true) text += text; }')

    def test_objects_that_other_threads_keep(self):
        self.assert_told("{ Parallel.For(0, 4, i => { var all = new List<object>(); while (true) all.Add(new int[100]); }); }")


class Killed(OwnKernelCase):
    def test_the_system_s_kill_of_a_cell_at_work_is_told(self):
        cells = run_cell(self.kc, "Environment.ProcessId").value
        msg_id = self.kc.execute("var all = new List<byte[]>(); while (true) { all.Add(new byte[1 << 10]); Thread.Sleep(1); }", allow_stdin=False)
        wait_for(self.kc, "execute_input", msg_id)
        time.sleep(0.3)
        os.kill(int(cells), signal.SIGKILL)
        ended = finish(self.kc, msg_id)
        self.assertEqual((ended.status, ended.reply["ename"]), ("error", "Killed"))
        [error] = ended.of("error")
        for word in ("signal 9", "memory limit", "Variables are lost", "restarted"):
            self.assertIn(word, error["evalue"])
        self.km.restart_kernel()
        self.kc.wait_for_ready(timeout=TIMEOUT)
        self.assertEqual(run_cell(self.kc, "6 * 7").value, "42")


if __name__ == "__main__":
    unittest.main()
