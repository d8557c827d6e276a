"""What a launched Binder image must do, tried in the home folder that binder/postBuild left."""

import glob
import os
import time
import unittest

import nbformat
from jupyter_client.manager import start_new_kernel
from nbclient import NotebookClient

FOLDER = os.environ["XT_NOTEBOOKS_FOLDER"]
LIMIT_MB = 2048
# A kernel with libtorch and a model holds more; the process that only watches it holds a tenth.
LEAST_MB = 200


def memory(pid):
    """Resident memory of a process and those that it started, and the part of it that counts where pages are shared with others; in MB."""
    resident = part = 0
    for each in processes(pid):
        with open(f"/proc/{each}/smaps_rollup") as file:
            sizes = {line.split(":")[0]: int(line.split()[1]) for line in file if line.split()[-1] == "kB"}
        resident += sizes["Rss"] / 1024
        part += sizes["Pss"] / 1024
    return resident, part


def processes(pid):
    """The process and its children, of whatever generation: what Jupyter starts waits for the process that holds the session."""
    parents = {}
    for entry in filter(str.isdigit, os.listdir("/proc")):
        try:
            with open(f"/proc/{entry}/stat") as file:
                parents.setdefault(int(file.read().rsplit(")", 1)[1].split()[1]), []).append(int(entry))
        except (FileNotFoundError, ProcessLookupError):
            pass
    found = [pid]
    for each in found:
        found += parents.get(each, [])
    return found


class Image(unittest.TestCase):
    def test_launch_and_the_references_of_a_notebook_are_quick_enough_to_wait_for(self):
        started = time.monotonic()
        manager, client = start_new_kernel(kernel_name="xt-csharp", startup_timeout=60, cwd=FOLDER)
        try:
            def run(code):
                reply = client.execute_interactive(code, timeout=120, output_hook=lambda message: None)
                self.assertEqual(reply["content"]["status"], "ok", reply["content"])
                return time.monotonic() - started
            first = run("1 + 1")
            referenced = run('#r "nuget: libtorch-cpu-linux-x64, 2.10.0"\n#r "nuget: XtNotebooks"')
            tensor = run("TorchSharp.torch.ones(2).sum().item<float>()")
            print(f"launch: first result after {first:.1f} s, references after {referenced:.1f} s, first tensor after {tensor:.1f} s")
            self.assertLess(tensor, 60)
        finally:
            client.stop_channels()
            manager.shutdown_kernel(now=False)

    def test_three_notebooks_open_at_once_fit_in_two_gigabytes(self):
        clients = []
        try:
            for path in sorted(glob.glob(os.path.join(FOLDER, "0*.ipynb")))[:3]:
                client = NotebookClient(nbformat.read(path, 4), timeout=600, kernel_name="xt-csharp", resources={"metadata": {"path": FOLDER}})
                clients.append((path, client))
                client.create_kernel_manager()
                client.start_new_kernel(cwd=FOLDER)
                client.start_new_kernel_client()
                for index, cell in enumerate(client.nb.cells):
                    client.execute_cell(cell, index)
            total = 0
            for path, client in clients:
                resident, part = memory(client.km.provisioner.pid)
                # What the limit counts: pages of libtorch that three kernels share are in memory once.
                total += part
                self.assertGreater(resident, LEAST_MB, "this is not the process that holds the notebook")
                print(f"{os.path.basename(path)}: {resident:.0f} MB resident, {part:.0f} MB with shared pages divided")
            print(f"{len(clients)} kernels: {total:.0f} MB of {LIMIT_MB}")
            self.assertLess(total, LIMIT_MB)
        finally:
            for _, client in clients:
                client.km.shutdown_kernel(now=True)


if __name__ == "__main__":
    unittest.main()
