"""Notebooks executed by nbclient and by jupyter nbconvert."""

import os
import subprocess
import sys
import tempfile
import unittest

import nbformat
from nbclient import NotebookClient
from nbclient.exceptions import CellExecutionError


def notebook(*cells):
    nb = nbformat.v4.new_notebook()
    nb.metadata.kernelspec = {"name": "xt-csharp", "display_name": "C# (XtNotebooks)", "language": "C#"}
    nb.cells = [nbformat.v4.new_code_cell(code) for code in cells]
    return nb


class Notebooks(unittest.TestCase):
    def test_nbclient_runs_a_notebook(self):
        nb = notebook(
            "record Point(int X, int Y);",
            'var points = Enumerable.Range(0, 3).Select(i => new Point(i, i * i)).ToList();\nConsole.WriteLine(points.Count);',
            'var shown = display("before");',
            'shown.Update("after");',
            "points.Sum(p => p.Y)",
        )
        NotebookClient(nb, timeout=60, kernel_name="xt-csharp").execute()
        self.assertEqual(nb.cells[1].outputs[0].text, "3\n")
        self.assertEqual(nb.cells[2].outputs[0].data["text/plain"], "after")
        self.assertEqual(nb.cells[4].outputs[0].data["text/plain"], "5")
        self.assertEqual([cell.execution_count for cell in nb.cells], [1, 2, 3, 4, 5])
        nbformat.validate(nb)

    def test_nbclient_reports_the_error_of_a_cell(self):
        nb = notebook("var a = 1;", 'throw new InvalidOperationException("told");', "2")
        with self.assertRaises(CellExecutionError) as raised:
            NotebookClient(nb, timeout=60, kernel_name="xt-csharp").execute()
        self.assertIn("told", str(raised.exception))
        self.assertEqual(nb.cells[2].outputs, [])

    def test_nbclient_interrupts_a_cell_that_takes_too_long(self):
        nb = notebook("while (true) { }", "1")
        NotebookClient(nb, timeout=3, interrupt_on_timeout=True, allow_errors=True, kernel_name="xt-csharp").execute()
        self.assertEqual(nb.cells[0].outputs[0].ename, "Interrupted")
        self.assertEqual(nb.cells[1].outputs[0].data["text/plain"], "1")

    def test_nbconvert_executes_and_writes_a_page(self):
        with tempfile.TemporaryDirectory() as folder:
            path = os.path.join(folder, "n.ipynb")
            nbformat.write(notebook("6 * 7", 'display("<b id=\\"mark\\">bold</b>", "text/html");'), path)
            subprocess.run(
                [sys.executable, "-W", "ignore", "-m", "nbconvert", "--to", "html", "--execute", path], check=True, timeout=120, capture_output=True
            )
            with open(os.path.join(folder, "n.html")) as page:
                text = page.read()
            self.assertIn("42", text)
            self.assertIn('<b id="mark">bold</b>', text)


if __name__ == "__main__":
    unittest.main()
