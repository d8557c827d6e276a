#!/usr/bin/env python3
"""Measures the C# kernel beside ipykernel, in one run, through jupyter_client.

    bench/kernel.py [--kernels xt-csharp python3] [--cells 1000] [--launches 5] [--json FILE]

Kernelspecs are found as Jupyter finds them (install xt-csharp first: xt-notebooks install). The kernels take turns, so that a busy machine
does not favour one. Prints a table of medians; times in milliseconds, memory (resident set) in MiB.
"""

import argparse
import json
import os
import statistics
import sys
import time

from jupyter_client.manager import KernelManager

CODE = {
    "xt-csharp": {
        "trivial": "1 + {i}",
        "complete": '"abc".ToUpp',
        "loop": "while (true) { }",
        "stdout": "var line = new string('x', 99) + \"\\n\"; for (var i = 0; i < 100_000; i++) Console.Write(line);",
    },
    "python3": {
        "trivial": "1 + {i}",
        "complete": "'abc'.upp",
        "loop": "while True: pass",
        "stdout": "import sys\nline = 'x' * 99 + '\\n'\nfor i in range(100_000): sys.stdout.write(line)",
    },
}


class Kernel:
    def __init__(self, name):
        self.name = name
        self.code = CODE[name]
        started = time.monotonic()
        self.km = KernelManager(kernel_name=name)
        self.km.start_kernel()
        self.kc = self.km.client()
        self.kc.start_channels()
        # The first cell goes out at once, as from a front end that runs a notebook on opening it.
        msg_id = self.kc.execute(self.code["trivial"].format(i=0), allow_stdin=False)
        self.reply(msg_id)
        self.first_cell = ms(started)
        self.kc.wait_for_ready(timeout=60)

    def reply(self, msg_id, timeout=120):
        while True:
            reply = self.kc.get_shell_msg(timeout=timeout)
            if reply["parent_header"].get("msg_id") == msg_id:
                return reply["content"]

    def idle(self, msg_id, timeout=120):
        """Characters of output up to the idle status."""
        size = 0
        while True:
            message = self.kc.get_iopub_msg(timeout=timeout)
            if message["parent_header"].get("msg_id") != msg_id:
                continue
            if message["msg_type"] == "stream":
                size += len(message["content"]["text"])
            if message["msg_type"] == "status" and message["content"]["execution_state"] == "idle":
                return size

    def run(self, code):
        """The time from sending a cell to both its reply and its idle status."""
        started = time.monotonic()
        msg_id = self.kc.execute(code, allow_stdin=False)
        reply = self.reply(msg_id)
        self.size = self.idle(msg_id)
        if reply["status"] != "ok":
            raise RuntimeError(f"{self.name}: {code[:60]!r}: {reply}")
        return ms(started)

    def complete(self):
        started = time.monotonic()
        reply = self.reply(self.kc.complete(self.code["complete"]))
        took = ms(started)
        if not reply["matches"]:
            raise RuntimeError(f"{self.name}: no completion of {self.code['complete']!r}")
        return took

    def interrupt(self):
        msg_id = self.kc.execute(self.code["loop"], allow_stdin=False)
        time.sleep(0.3)
        started = time.monotonic()
        self.km.interrupt_kernel()
        status = self.reply(msg_id)["status"]
        took = ms(started)
        self.idle(msg_id)
        if status == "ok":
            raise RuntimeError(f"{self.name}: the loop was not interrupted")
        return took

    def memory(self):
        with open(f"/proc/{self.km.provisioner.pid}/status") as file:
            return next(int(line.split()[1]) / 1024 for line in file if line.startswith("VmRSS"))

    def end(self):
        self.kc.stop_channels()
        self.km.shutdown_kernel(now=True)


def ms(started):
    return (time.monotonic() - started) * 1000


def median(values):
    return statistics.median(values) if values else float("nan")


def measure(names, cells, launches):
    rows = {name: {} for name in names}
    launch = {name: [] for name in names}
    fresh = {name: [] for name in names}
    for _ in range(launches):
        for name in names:
            kernel = Kernel(name)
            launch[name].append(kernel.first_cell)
            fresh[name].append(kernel.memory())
            kernel.end()
    kernels = {name: Kernel(name) for name in names}
    for name in names:
        rows[name]["launch to first reply"] = median(launch[name])
        rows[name]["memory after the first cell (MiB)"] = median(fresh[name])
    times = {name: [] for name in names}
    completions = {name: [] for name in names}
    for i in range(1, cells + 1):
        for name, kernel in kernels.items():
            times[name].append(kernel.run(kernel.code["trivial"].format(i=i)))
            if i % 10 == 0:
                completions[name].append(kernel.complete())
    for name, kernel in kernels.items():
        rows[name]["trivial cell, 11 to 60"] = median(times[name][10:60])
        rows[name][f"trivial cell, last 50 of {cells}"] = median(times[name][-50:])
        rows[name]["first completion"] = completions[name][0] if completions[name] else float("nan")
        rows[name]["warm completion"] = median(completions[name][1:])
        rows[name][f"memory after {cells} cells with completion (MiB)"] = kernel.memory()
    for _ in range(5):
        for name, kernel in kernels.items():
            times.setdefault((name, "interrupt"), []).append(kernel.interrupt())
    for name, kernel in kernels.items():
        rows[name]["interrupt of a loop"] = median(times[name, "interrupt"])
        took = [kernel.run(kernel.code["stdout"]) for _ in range(3)]
        if kernel.size != 10_000_000:
            raise RuntimeError(f"{name}: {kernel.size} of 10,000,000 characters came")
        rows[name]["10 MB on stdout"] = median(took)
        kernel.end()
    return rows


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--kernels", nargs="+", default=["xt-csharp", "python3"], choices=list(CODE))
    parser.add_argument("--cells", type=int, default=1000)
    parser.add_argument("--launches", type=int, default=5)
    parser.add_argument("--json", help="also write the figures to this file")
    options = parser.parse_args()
    rows = measure(options.kernels, options.cells, options.launches)
    width = max(len(label) for label in next(iter(rows.values())))
    print(f"{'':{width}}", *(f"{name:>12}" for name in rows))
    for label in next(iter(rows.values())):
        print(f"{label:{width}}", *(f"{row[label]:12.1f}" for row in rows.values()))
    print(f"load average {os.getloadavg()[0]:.1f} on {os.cpu_count()} processors; times in ms")
    if options.json:
        with open(options.json, "w") as file:
            json.dump(rows, file, indent=2)
    return 0


if __name__ == "__main__":
    sys.exit(main())
