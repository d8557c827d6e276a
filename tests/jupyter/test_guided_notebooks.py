"""The project's own notebooks as Jupyter's clients run them: nbconvert executes each, nbclient a short one."""

import glob
import os
import subprocess
import sys
import tempfile
import unittest

import nbformat
from nbclient import NotebookClient

FOLDER = os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "..", "notebooks")
NOTEBOOKS = sorted(glob.glob(os.path.join(FOLDER, "0*.ipynb")))
CELL_TIMEOUT = 600


class GuidedNotebooks(unittest.TestCase):
    def assert_shows_what_it_says(self, nb):
        nbformat.validate(nb)
        cells = [cell for cell in nb.cells if cell.cell_type == "code"]
        self.assertEqual([cell.execution_count for cell in cells], list(range(1, len(cells) + 1)))
        outputs = [output for cell in cells for output in cell.outputs]
        self.assertEqual([output.evalue for output in outputs if output.output_type == "error"], [])
        # A claim that does not hold throws, so that these cells ran to their end.
        claims = [cell for cell in cells if "Claim(" in cell.source and "void Claim(" not in cell.source]
        self.assertNotEqual(claims, [])
        pages = [output.data["text/html"] for output in outputs if "text/html" in output.get("data", {})]
        # A chart, or a figure that is none, such as a batch's grid.
        self.assertTrue(any("<svg" in page or "plotly" in page.lower() or 'role="figure"' in page for page in pages), "no figure is shown")
        # Whoever reads it as text finds the numbers too.
        self.assertTrue(all("text/plain" in output.data for output in outputs if "data" in output))

    def test_nbclient_runs_the_second(self):
        nb = nbformat.read(NOTEBOOKS[1], as_version=4)
        NotebookClient(nb, timeout=CELL_TIMEOUT, kernel_name="xt-csharp", resources={"metadata": {"path": FOLDER}}).execute()
        self.assert_shows_what_it_says(nb)


def nbconvert_test(path):
    def test(self):
        with tempfile.TemporaryDirectory() as folder:
            command = [sys.executable, "-W", "ignore", "-m", "nbconvert", "--to", "notebook", "--execute", path]
            options = [f"--ExecutePreprocessor.timeout={CELL_TIMEOUT}", "--output-dir", folder, "--output", "executed.ipynb"]
            ran = subprocess.run(command + options, capture_output=True, text=True)
            self.assertEqual(ran.returncode, 0, ran.stderr[-3000:])
            self.assert_shows_what_it_says(nbformat.read(os.path.join(folder, "executed.ipynb"), as_version=4))

    return test


for notebook in NOTEBOOKS:
    name = os.path.splitext(os.path.basename(notebook))[0].replace("-", "_")
    setattr(GuidedNotebooks, f"test_nbconvert_runs_{name}", nbconvert_test(notebook))


if __name__ == "__main__":
    unittest.main()
