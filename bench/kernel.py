#!/usr/bin/env python3
"""Measures the C# kernel beside ipykernel, in one run, through jupyter_client.

    bench/kernel.py --pack [--soak] [--json FILE]      packs the tool as a release does, installs it into a scratch folder, and measures that
    bench/kernel.py --tool … --soak-only               runs many cells and interrupts instead
    bench/kernel.py --tool PATH/TO/xt-notebooks        measures an installed tool, or an XtNotebooks.Kernel.dll
    bench/kernel.py                                    measures what `xt-notebooks install` has made known to Jupyter

Needs python3 with jupyter_client and ipykernel. The kernels take turns, so that a busy machine does not favour one. Prints a table of medians;
times in milliseconds, memory (resident set) in MiB, processor time of the kernel's processes in milliseconds.
"""

import argparse
import json
import os
import pathlib
import shutil
import statistics
import subprocess
import sys
import tempfile
import time

try:
    from jupyter_client.manager import KernelManager
except ModuleNotFoundError:
    # Debian's Jupyter is for Debian's Python, whichever other stands first on the path.
    other = os.environ.get("PYTHON", "/usr/bin/python3")
    if os.environ.get("XT_BENCH_PYTHON") or not os.path.exists(other):
        sys.exit("bench/kernel.py needs a Python with jupyter_client and ipykernel; PYTHON may name it.")
    os.execve(other, [other, *sys.argv], {**os.environ, "XT_BENCH_PYTHON": other})

ROOT = pathlib.Path(__file__).resolve().parent.parent
PACKAGE = "TorchSharp, 0.107.0"

CODE = {
    "xt-csharp": {
        "trivial": "1 + {i}",
        "declare": "var x{i} = {i}; x{i}",
        "complete": '"abc".ToUpp',
        "loop": "while (true) { }",
        # Only the framework's code runs: nothing in it looks for an interrupt.
        "unstoppable": "for (var i = 0; i < 5; i++) Enumerable.Repeat(0.5, int.MaxValue).Sum();",
        "stdout": "var line = new string('x', 99) + \"\\n\"; for (var i = 0; i < 100_000; i++) Console.Write(line);",
    },
    "python3": {
        "trivial": "1 + {i}",
        "declare": "x{i} = {i}; x{i}",
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

    def interrupt(self, code="loop"):
        msg_id = self.kc.execute(self.code[code], allow_stdin=False)
        time.sleep(0.3)
        started = time.monotonic()
        self.km.interrupt_kernel()
        status = self.reply(msg_id)["status"]
        took = ms(started)
        self.idle(msg_id)
        if status == "ok":
            raise RuntimeError(f"{self.name}: the {code} was not interrupted")
        return took

    def memory(self):
        """Of the process that Jupyter started and of those that it started: pages that they share count twice."""
        return sum(resident(pid) for pid in processes(self.km.provisioner.pid))

    def processor_time(self):
        return sum(processor_time(pid) for pid in processes(self.km.provisioner.pid))

    def end(self):
        self.kc.stop_channels()
        self.km.shutdown_kernel(now=True)


def processes(pid):
    """The process and its children, of whatever generation."""
    parents = {}
    for entry in os.listdir("/proc"):
        if entry.isdigit():
            try:
                with open(f"/proc/{entry}/stat") as file:
                    parents.setdefault(int(file.read().rsplit(")", 1)[1].split()[1]), []).append(int(entry))
            except FileNotFoundError:
                pass
    found = [pid]
    for each in found:
        found += parents.get(each, [])
    return found


def resident(pid):
    with open(f"/proc/{pid}/status") as file:
        return next(int(line.split()[1]) / 1024 for line in file if line.startswith("VmRSS"))


def processor_time(pid):
    with open(f"/proc/{pid}/stat") as file:
        user, system = file.read().rsplit(")", 1)[1].split()[11:13]
    return (int(user) + int(system)) * 1000 / os.sysconf("SC_CLK_TCK")


def ms(started):
    return (time.monotonic() - started) * 1000


def median(values):
    return statistics.median(values) if values else float("nan")


def measure(names, cells, launches):
    rows = {name: {} for name in names}
    launch = {name: [] for name in names}
    processor = {name: [] for name in names}
    fresh = {name: [] for name in names}
    for i in range(launches):
        tell(f"launch {i + 1} of {launches}")
        for name in names:
            kernel = Kernel(name)
            launch[name].append(kernel.first_cell)
            processor[name].append(kernel.processor_time())
            fresh[name].append(kernel.memory())
            kernel.end()
    for name in names:
        rows[name]["launch to first reply"] = median(launch[name])
        rows[name]["  fastest of them"] = min(launch[name])
        rows[name]["  processor time"] = median(processor[name])
        rows[name]["memory after the first cell (MiB)"] = median(fresh[name])

    tell(f"{cells} trivial cells, with completion")
    kernels = {name: Kernel(name) for name in names}
    times = {name: [] for name in names}
    completions = {name: [] for name in names}
    work = {name: 0 for name in names}
    for i in range(1, cells + 1):
        for name, kernel in kernels.items():
            before = kernel.processor_time()
            times[name].append(kernel.run(kernel.code["trivial"].format(i=i)))
            work[name] += kernel.processor_time() - before
            if i % 10 == 0:
                completions[name].append(kernel.complete())
    for name, kernel in kernels.items():
        rows[name]["trivial cell, 11 to 60"] = median(times[name][10:60])
        rows[name][f"trivial cell, last 50 of {cells}"] = median(times[name][-50:])
        rows[name]["  processor time, mean of all"] = work[name] / cells
        rows[name]["first completion"] = completions[name][0] if completions[name] else float("nan")
        rows[name]["warm completion"] = median(completions[name][1:])
        rows[name][f"memory after {cells} cells with completion (MiB)"] = kernel.memory()
    tell("interrupts and output")
    interrupts = {name: [] for name in names}
    for _ in range(5):
        for name, kernel in kernels.items():
            interrupts[name].append(kernel.interrupt())
    for name, kernel in kernels.items():
        rows[name]["interrupt of a loop"] = median(interrupts[name])
        rows[name]["  the slowest of 5"] = max(interrupts[name])
        took = [kernel.run(kernel.code["stdout"]) for _ in range(3)]
        if kernel.size != 10_000_000:
            raise RuntimeError(f"{name}: {kernel.size} of 10,000,000 characters came")
        rows[name]["10 MB on stdout"] = median(took)
        # Last, because what is left behind still keeps a core busy.
        rows[name]["what cannot be stopped is left behind after"] = kernel.interrupt("unstoppable") if "unstoppable" in kernel.code else float("nan")
        kernel.end()

    tell(f"{cells} cells that declare a variable")
    kernels = {name: Kernel(name) for name in names}
    for name, times in declaring(kernels, cells).items():
        rows[name]["cell that declares a variable, 11 to 60"] = median(times[10:60])
        rows[name][f"cell that declares a variable, last 50 of {cells}"] = median(times[-50:])
        rows[name][f"memory after {cells} such cells (MiB)"] = kernels[name].memory()
        kernels[name].end()
    tell(f'#r "nuget: {PACKAGE}"')
    for name in names:
        rows[name][f'cached #r "nuget: {PACKAGE}"'] = reference() if name == "xt-csharp" else float("nan")
    return rows


def declaring(kernels, cells):
    """A variable in every cell: the chain that later cells continue grows longest."""
    times = {name: [] for name in kernels}
    for i in range(1, cells + 1):
        for name, kernel in kernels.items():
            times[name].append(kernel.run(kernel.code["declare"].format(i=i)))
    return times


def reference():
    """A package that the machine has, in a fresh kernel whose first cell has run; nan where it cannot be had."""
    took = []
    # The first one may have to fetch it.
    for _ in range(4):
        kernel = Kernel("xt-csharp")
        try:
            took.append(kernel.run(f'#r "nuget: {PACKAGE}"'))
        except RuntimeError as error:
            print(error, file=sys.stderr)
            return float("nan")
        finally:
            kernel.end()
    return median(took[1:])


def pack(scratch):
    """The tool as a release has it: packed, compiled ahead, installed. Its path."""
    def dotnet(*words, **more):
        subprocess.run(["dotnet", *words], check=True, stdout=subprocess.DEVNULL, **more)

    tell("packing the tool")
    dotnet("pack", ROOT / "src" / "XtNotebooks.Kernel", "-c", "Release", "-p:ReadyToRun=true", "-o", scratch / "packages")
    # A cache and a folder apart: the tool of this version that the reader has installed stays what it is.
    version = next((scratch / "packages").glob("XtNotebooks.Kernel.linux-x64.*.nupkg")).name.split("linux-x64.")[1][:-len(".nupkg")]
    dotnet("tool", "install", "XtNotebooks.Kernel", "--version", version, "--tool-path", scratch / "tool", "--add-source", scratch / "packages",
           cwd=scratch, env={**os.environ, "NUGET_PACKAGES": str(scratch / "cache")})
    return scratch / "tool" / "xt-notebooks"


def install(tool, scratch):
    """Makes the tool's kernel the one that Jupyter finds; its history stays out of the reader's."""
    start = ["dotnet", tool] if str(tool).endswith(".dll") else [tool]
    subprocess.run([*start, "install", "--prefix", scratch], check=True, stdout=subprocess.DEVNULL)
    os.environ["JUPYTER_PATH"] = str(scratch / "share" / "jupyter")
    os.environ["XDG_DATA_HOME"] = str(scratch / "data")


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    tool = parser.add_mutually_exclusive_group()
    tool.add_argument("--pack", action="store_true", help="pack and install the tool first, as a release does (some minutes)")
    tool.add_argument("--tool", type=lambda name: pathlib.Path(shutil.which(name) or name), help="the xt-notebooks command, or XtNotebooks.Kernel.dll, to measure")
    parser.add_argument("--kernels", nargs="+", default=["xt-csharp", "python3"], choices=list(CODE))
    parser.add_argument("--cells", type=int, default=1000)
    parser.add_argument("--launches", type=int, default=5)
    parser.add_argument("--soak", action="store_true", help="then run tests/jupyter/soak.py: many cells and interrupts, nothing lost")
    parser.add_argument("--soak-only", action="store_true", help="run nothing but that")
    parser.add_argument("--soak-cells", type=int, default=10_000)
    parser.add_argument("--soak-interrupts", type=int, default=1_000)
    parser.add_argument("--json", help="also write the figures to this file")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        scratch = pathlib.Path(folder)
        if options.pack or options.tool:
            install(pack(scratch) if options.pack else options.tool.resolve(), scratch)
        if not options.soak_only:
            rows = measure(options.kernels, options.cells, options.launches)
            show(rows)
            if options.json:
                with open(options.json, "w") as file:
                    json.dump(rows, file, indent=2)
        if options.soak or options.soak_only:
            soak = ROOT / "tests" / "jupyter" / "soak.py"
            tell("many cells and interrupts")
            return subprocess.run(
                [sys.executable, "-W", "ignore", soak, str(options.soak_cells), str(options.soak_interrupts)], cwd=soak.parent).returncode
    return 0


def tell(what):
    """Says on stderr what is being measured: the whole takes minutes."""
    print(f"{time.strftime('%H:%M:%S')} {what} …", file=sys.stderr, flush=True)


def show(rows):
    labels = list(next(iter(rows.values())))
    width = max(len(label) for label in labels)
    print(f"{'':{width}}", *(f"{name:>12}" for name in rows))
    for label in labels:
        print(f"{label:{width}}", *(f"{row[label]:12.1f}" for row in rows.values()))
    print(f"load average {os.getloadavg()[0]:.1f} on {os.cpu_count()} processors; times in ms", flush=True)


if __name__ == "__main__":
    sys.exit(main())
