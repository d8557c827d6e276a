"""Many cells and interrupts at random moments, nothing lost: soak.py [CELLS] [INTERRUPTS] [SEED]. Not part of the run; needs an installed kernel.

Every cell's value, number, input and idle status must come; after each interrupt the variables must be there and the next cell must run. Tells
every ten seconds how far it is, and ends with the counts, the memory and how long interrupts took.
"""

import os
import queue
import random
import statistics
import sys
import subprocess
import time

from jupyter_client.manager import start_new_kernel

from kernel import TIMEOUT, finish, run_cell

LOOPS = [
    "while (true) { spins++; }",
    "while (true) { spins++; await Task.Delay(1); }",
    "while (true) { try { spins++; Thread.Sleep(1); } catch { } }",
    "Thread.Sleep(60_000);",
    "while (true) Console.WriteLine(spins++);",
    "while (true) { display(spins++); Thread.Sleep(5); }",
    "Enumerable.Range(0, int.MaxValue).Select(i => { spins++; return i; }).Count(i => i < 0)",
]


class Soak:
    def __init__(self):
        self.km, self.kc = start_new_kernel(kernel_name="xt-csharp", startup_timeout=60)
        self.started = self.told = time.monotonic()
        self.number = 0
        self.took, self.again = [], 0
        self.run("long spins = 0; var sum = 0L;")

    def run(self, code):
        ended = run_cell(self.kc, code)
        self.check(ended, "ok")
        return ended.value

    def check(self, ended, status):
        assert ended.status == status, ended.reply
        self.number = self.number or ended.reply["execution_count"] - 1
        self.number += 1
        assert ended.reply["execution_count"] == self.number, (ended.reply, self.number)
        assert [c["execution_count"] for c in ended.of("execute_input")] == [self.number], ended.messages

    def interrupt(self, loop, after):
        msg_id = self.kc.execute(loop, allow_stdin=False)
        time.sleep(after)
        # An interrupt that comes before the cell has begun is missed by design: a reader presses again.
        stopped = None
        while stopped is None:
            before = time.monotonic()
            self.km.interrupt_kernel()
            try:
                stopped = self.kc.get_shell_msg(timeout=5)
            except queue.Empty:
                assert self.km.is_alive(), "the kernel has died"
                self.again += 1
                assert time.monotonic() - before < TIMEOUT and self.again < 100, f"not interrupted: {loop}"
        self.took.append(((time.monotonic() - before) * 1000, loop))
        assert stopped["parent_header"]["msg_id"] == msg_id, stopped
        ended = finish(self.kc, msg_id, reply=stopped)
        self.check(ended, "error")
        assert ended.reply["ename"] == "Interrupted", ended.reply

    def memory(self):
        """Of the process that runs the cells: the child of the one that Jupyter started."""
        [pid] = subprocess.run(["pgrep", "-P", str(self.km.provisioner.pid)], capture_output=True, text=True, check=True).stdout.split()
        with open(f"/proc/{pid}/status") as file:
            return next(int(line.split()[1]) / 1024 for line in file if line.startswith("VmRSS"))

    def tell(self, cells, all_cells):
        if cells < all_cells and time.monotonic() - self.told < 10:
            return
        self.told = time.monotonic()
        print(
            f"{cells} of {all_cells} cells, {len(self.took)} interrupts, {self.memory():.0f} MiB, {self.told - self.started:.0f} s,"
            f" load average {os.getloadavg()[0]:.1f}", flush=True)

    def end(self):
        self.kc.stop_channels()
        self.km.shutdown_kernel()


def main(cells=10_000, interrupts=1_000, seed=1):
    chance = random.Random(seed)
    interrupted = set(chance.sample(range(1, cells + 1), min(interrupts, cells)))
    soak = Soak()
    total = 0
    try:
        for i in range(1, cells + 1):
            total += i
            value = soak.run(f"sum += {i}; sum")
            assert value == str(total), (i, value, total)
            if i in interrupted:
                soak.interrupt(chance.choice(LOOPS), chance.random() * 0.3)
                assert soak.run("sum") == str(total)
            soak.tell(i, cells)
    finally:
        soak.end()
    print(f"{cells} cells and {len(soak.took)} interrupts, nothing lost; {soak.again} interrupts came before their cell and were sent again")
    if soak.took:
        print(f"interrupt to reply: median {statistics.median(ms for ms, _ in soak.took):.0f} ms; the slowest:")
        for ms, loop in sorted(soak.took, reverse=True)[:5]:
            print(f"{ms:6.0f} ms  {loop}")


if __name__ == "__main__":
    main(*map(int, sys.argv[1:]))
