"""Many cells and interrupts at random moments, nothing lost: soak.py [CELLS] [INTERRUPTS] [SEED]. Not part of the run; needs an installed kernel.

After each interrupt the variables must be there and the next cell must run. Ends with the counts, the memory and the slowest interrupt.
"""

import random
import sys
import time

from jupyter_client.manager import start_new_kernel

from kernel import drain, finish, run_cell

LOOPS = [
    "while (true) { spins++; }",
    "while (true) { spins++; await Task.Delay(1); }",
    "while (true) { try { spins++; Thread.Sleep(1); } catch { } }",
    "Thread.Sleep(60_000);",
    "while (true) Console.WriteLine(spins++);",
    "while (true) { display(spins++); Thread.Sleep(5); }",
    "Enumerable.Range(0, int.MaxValue).Select(i => { spins++; return i; }).Count(i => i < 0)",
]


def memory(km):
    with open(f"/proc/{km.provisioner.pid}/status") as file:
        return next(int(line.split()[1]) / 1024 for line in file if line.startswith("VmRSS"))


def main(cells=10_000, interrupts=1_000, seed=1):
    chance = random.Random(seed)
    km, kc = start_new_kernel(kernel_name="xt-csharp", startup_timeout=60)
    assert run_cell(kc, "long spins = 0; var sum = 0L;").status == "ok"
    started = time.monotonic()
    total, stopped, slowest = 0, 0, 0.0
    for i in range(1, cells + 1):
        total += i
        value = run_cell(kc, f"sum += {i}; sum").value
        assert value == str(total), (i, value, total)
        if chance.random() < interrupts / cells and stopped < interrupts:
            msg_id = kc.execute(chance.choice(LOOPS), allow_stdin=False)
            time.sleep(chance.random() * 0.3)
            before = time.monotonic()
            # A moment before the cell begins is missed by design: a reader presses again.
            while True:
                km.interrupt_kernel()
                try:
                    ended = finish(kc, msg_id, timeout=2)
                    break
                except Exception:  # the client's queue.Empty
                    continue
            slowest = max(slowest, time.monotonic() - before)
            assert ended.reply["ename"] == "Interrupted", ended.reply
            stopped += 1
            drain(kc)
            assert run_cell(kc, "sum").value == str(total)
        if i % 1000 == 0:
            print(f"{i} cells, {stopped} interrupts, {memory(km):.0f} MiB, {(time.monotonic() - started) / i * 1000:.1f} ms a cell", flush=True)
    kc.stop_channels()
    km.shutdown_kernel()
    print(f"{cells} cells and {stopped} interrupts, nothing lost; slowest interrupt {slowest * 1000:.0f} ms")


if __name__ == "__main__":
    main(*map(int, sys.argv[1:]))
