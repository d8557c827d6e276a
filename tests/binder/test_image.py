"""What a launched Binder image must do, tried in the home folder that binder/postBuild left."""

import asyncio
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

    def test_three_notebooks_that_run_at_once_fit_in_two_gigabytes(self):
        clients = {path: NotebookClient(nbformat.read(path, 4), timeout=1200, kernel_name="xt-csharp", resources={"metadata": {"path": FOLDER}})
                   for path in sorted(glob.glob(os.path.join(FOLDER, "0*.ipynb")))[:3]}

        async def execute(client):
            client.create_kernel_manager()
            await client.async_start_new_kernel(cwd=FOLDER)
            await client.async_start_new_kernel_client()
            for index, cell in enumerate(client.nb.cells):
                await client.async_execute_cell(cell, index)

        async def all_at_once():
            """The most that the three held together at any moment, and each of them."""
            most, each = 0, {}
            running = [asyncio.ensure_future(execute(client)) for client in clients.values()]
            try:
                while True:
                    done = all(notebook.done() for notebook in running)
                    now = {path: memory(client.km.provisioner.pid) for path, client in clients.items() if client.km and client.km.has_kernel}
                    # What the limit counts: pages of libtorch that three kernels share are in memory once.
                    most = max(most, sum(part for _, part in now.values()))
                    each = {path: max(each.get(path, (0, 0)), sizes) for path, sizes in now.items()}
                    if done:
                        await asyncio.gather(*running)  # which raises what a cell raised
                        return most, each
                    await asyncio.sleep(0.5)
            finally:
                for client in clients.values():
                    if client.km:
                        await client._async_cleanup_kernel()

        most, each = asyncio.run(all_at_once())
        for path, (resident, part) in each.items():
            self.assertGreater(resident, LEAST_MB, "this is not the process that holds the notebook")
            print(f"{os.path.basename(path)}: {resident:.0f} MB resident at most, {part:.0f} MB with shared pages divided")
        print(f"{len(each)} kernels, running at once: {most:.0f} MB of {LIMIT_MB} at most; the server apart")
        self.assertEqual(len(each), 3)
        self.assertLess(most, LIMIT_MB)


if __name__ == "__main__":
    unittest.main()
