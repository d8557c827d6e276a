"""The workflow for Ubuntu, as far as it can be tried without its machines: its steps are shell, name files that there are, and install the
clients with which these tests run here."""

import importlib.metadata
import os
import re
import subprocess
import textwrap
import unittest

ROOT = os.path.abspath(os.path.join(os.path.dirname(__file__), "..", ".."))
with open(os.path.join(ROOT, ".github", "workflows", "ci.yml"), encoding="utf-8") as _file:
    WORKFLOW = _file.read()


class Workflow(unittest.TestCase):
    def test_its_steps_are_shell(self):
        steps = [textwrap.dedent(block) for block in re.findall(r"^ +run: \|\n((?: {10}.*\n)+)", WORKFLOW, re.MULTILINE)]
        steps += re.findall(r"^ +run: ([^|\n].*)$", WORKFLOW, re.MULTILINE)
        self.assertEqual(len(steps), WORKFLOW.count("run: "))
        for step in steps:
            checked = subprocess.run(["bash", "-n", "-c", step], capture_output=True, text=True)
            self.assertEqual(checked.returncode, 0, checked.stderr)
        self.assertIn("bash .ci/run", steps)

    def test_the_files_that_it_names_are_there(self):
        for name in re.findall(r"hashFiles\('([^']+)'\)|file: (\S+)|bash (\.\S+)", WORKFLOW):
            self.assertTrue(os.path.exists(os.path.join(ROOT, "".join(name))), name)

    def test_it_installs_the_clients_that_run_these_tests(self):
        pins = dict(re.findall(r"'([A-Za-z_]+)==([\d.]+)'", WORKFLOW))
        self.assertGreater(len(pins), 10)
        self.assertEqual(pins, {name: importlib.metadata.version(name) for name in pins})


if __name__ == "__main__":
    unittest.main()
