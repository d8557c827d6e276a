"""Interrupts, by message and by signal."""

import os
import signal
import time
import unittest

from kernel import KernelCase, finish


def kernel_pid(km):
    return km.provisioner.pid


class Interrupt(KernelCase):
    # What an interrupt must stop, each with a variable set before that must be kept.
    CELLS = {
        "a tight loop": "while (true) { }",
        "a sleep": "Thread.Sleep(60_000);",
        "an awaited delay": "await Task.Delay(60_000);",
        "a loop that catches all": "while (true) { try { Thread.Sleep(1); } catch { } }",
        "LINQ with a lambda": "Enumerable.Range(0, int.MaxValue).Select(i => i % 3).Count(i => i == 7)",
        "a recursion": "long Fib(int n) => n < 2 ? n : Fib(n - 1) + Fib(n - 2); Fib(80)",
        "a lock held elsewhere": "var gate = new object(); new Thread(() => { lock (gate) Thread.Sleep(20_000); }) { IsBackground = true }.Start(); Thread.Sleep(200); lock (gate) { }",
        "a blocking wait": "new TaskCompletionSource().Task.Wait();",
        "an awaited delay that stays on no thread": "await Task.Delay(60_000).ConfigureAwait(false);",
        "a loop behind an await that comes back to no thread": "await Task.Delay(1).ConfigureAwait(false); while (true) { }",
        "a sleep behind an await that comes back to no thread": "await Task.Delay(1).ConfigureAwait(false); Thread.Sleep(60_000);",
        "an interrupt that is swallowed": "try { Thread.Sleep(60_000); } catch (Exception) { }",
        "a thread of the cell's own": "var own = new Thread(() => { while (true) { } }); own.Start(); own.Join();",
    }

    def interrupt_each(self, interrupt):
        # A compiler that starts only now would be what is interrupted first.
        self.run_cell("1 + 1")
        for name, code in self.CELLS.items():
            with self.subTest(name):
                msg_id = self.start_cell(f"var kept = 17;\n{code}", allow_stdin=False)
                time.sleep(0.4)
                started = time.monotonic()
                interrupt()
                ended = finish(self.kc, msg_id)
                took = time.monotonic() - started
                self.assertEqual(ended.status, "error", name)
                self.assertEqual(ended.reply["ename"], "Interrupted", name)
                self.assertEqual(self.run_cell("kept").value, "17", name)
                print(f"       {name}: {took * 1000:.0f} ms")
                self.assertLess(took, 2.0, name)

    def test_a_message_stops_whatever_runs(self):
        self.interrupt_each(self.km.interrupt_kernel)

    def test_a_signal_stops_whatever_runs(self):
        self.interrupt_each(lambda: os.kill(kernel_pid(self.km), signal.SIGINT))

    def test_what_cannot_be_stopped_is_left_behind_and_the_kernel_serves_on(self):
        msg_id = self.start_cell("Enumerable.Repeat(1, int.MaxValue).Concat(Enumerable.Repeat(0, int.MaxValue)).LongCount()")
        time.sleep(0.3)
        started = time.monotonic()
        self.km.interrupt_kernel()
        ended = finish(self.kc, msg_id)
        self.assertEqual(ended.status, "error")
        self.assertLess(time.monotonic() - started, 3)
        self.assert_alive()

    def test_an_interrupt_of_nothing_does_no_harm(self):
        for _ in range(3):
            self.km.interrupt_kernel()
            os.kill(kernel_pid(self.km), signal.SIGINT)
        # A signal does not say when it was meant: let it come before the next cell.
        time.sleep(0.5)
        self.assert_alive()

    def test_an_interrupt_aborts_the_queue(self):
        self.run_cell("1 + 1")
        for code in ("while (true) { }", "try { Thread.Sleep(60_000); } catch (Exception) { }",
                     "var own = new Thread(() => { while (true) { } }); own.Start(); own.Join();"):
            with self.subTest(code):
                running = self.start_cell(code)
                queued = self.kc.execute("var queued = 1;")
                time.sleep(0.4)
                self.km.interrupt_kernel()
                self.assertEqual(finish(self.kc, running).reply["ename"], "Interrupted")
                self.assertEqual(finish(self.kc, queued).reply["ename"], "Aborted")
                self.assert_alive()

    def test_a_kernel_magic_is_interrupted(self):
        self.run_cell("var kept = 1;")
        msg_id = self.start_cell("#!time\nkept = 2; while (true) { }")
        time.sleep(1)
        self.km.interrupt_kernel()
        self.assertEqual(finish(self.kc, msg_id).reply["ename"], "Interrupted")
        self.assertEqual(self.run_cell("kept").value, "2")

    def test_endless_recursion_is_an_error_of_the_cell(self):
        ended = self.run_cell("int Deep(int n) => Deep(n + 1) + 1;\nDeep(0)")
        self.assertEqual(ended.status, "error")
        self.assert_alive()

    def test_a_full_thread_pool_does_not_block_the_interrupt(self):
        msg_id = self.start_cell("Task.WaitAll(Enumerable.Range(0, 64).Select(_ => Task.Run(() => { while (true) Thread.Sleep(50); })).ToArray());")
        time.sleep(1)
        started = time.monotonic()
        self.km.interrupt_kernel()
        self.assertEqual(finish(self.kc, msg_id).status, "error")
        self.assertLess(time.monotonic() - started, 3)
        self.assert_alive()


class InterruptTraining(KernelCase):
    """Steps of 1.5 s: an interrupt comes in the middle of one."""

    # No attention, no data: the slowness is the reader's own loss.
    SETUP = """#r "nuget: libtorch-cpu-linux-x64, 2.10.0"
#r "nuget: XtNotebooks"
using TorchSharp; using static TorchSharp.torch; using XtNotebooks.Data;
var net = nn.Embedding(12, 12);
var endless = Enumerable.Repeat(PaddedBatch.From([[3L, 4, 5], [6, 7]], padId: 0), 10_000).ToList();
Func<Tensor, Tensor, Tensor> slow = (logits, targets) =>
{
    Thread.Sleep(1500);
    return nn.functional.cross_entropy(logits.transpose(1, 2), targets, ignore_index: 0);
};"""

    def setUp(self):
        super().setUp()
        ended = self.run_cell(self.SETUP, timeout=240)
        self.assertEqual(ended.status, "ok", ended.reply)

    def start_training(self):
        msg_id = self.start_cell("#!xt-train net --batches endless --loss slow --steps 1000")
        self.wait_for("display_data", msg_id)
        time.sleep(0.3)
        return msg_id

    def test_training_stops_after_the_current_step_and_leaves_a_whole_run(self):
        msg_id = self.start_training()
        self.km.interrupt_kernel()
        ended = finish(self.kc, msg_id)
        self.assertEqual(ended.reply["ename"], "Interrupted")
        self.assertNotIn("left", ended.reply["evalue"])
        self.assertIn("Stopping after the current step", ended.text("stderr"))
        # The last thing shown is the run's chart in the panel's place.
        self.assertIn("svg", ended.of("update_display_data")[-1]["data"]["text/html"])
        steps = int(self.run_cell("run.Steps.Count").value)
        self.assertGreaterEqual(steps, 2)
        self.assertEqual(self.run_cell("run.End").value, "Cancelled")
        # Nothing trains on beside the next cells, and the run goes on.
        time.sleep(2)
        self.assertEqual(self.run_cell("runTrainer.Run.Steps.Count").value, str(steps))
        self.assertEqual(self.run_cell("#!xt-train net --steps 1 --continue").status, "ok")
        self.assertEqual(self.run_cell("run.Steps.Count").value, str(steps + 1))

    def test_a_second_interrupt_does_not_wait_for_the_step(self):
        self.run_cell("slow = (logits, targets) => { Thread.Sleep(25_000); return logits.sum(); };")
        msg_id = self.start_cell("#!xt-train net --batches endless --loss slow --steps 1000")
        time.sleep(1)
        self.km.interrupt_kernel()
        time.sleep(2)
        started = time.monotonic()
        self.km.interrupt_kernel()
        ended = finish(self.kc, msg_id)
        self.assertEqual(ended.reply["ename"], "Interrupted")
        self.assertLess(time.monotonic() - started, 3)
        self.assert_alive()


if __name__ == "__main__":
    unittest.main()
