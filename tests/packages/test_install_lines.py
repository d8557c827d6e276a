"""README's install lines, typed as they stand by somebody with a home folder of their own."""

import json
import os
import re
import shutil
import subprocess
import tempfile
import unittest

CLONE = os.environ["XT_CLONE"]


class InstallLines(unittest.TestCase):
    def test_they_install_the_tool_and_notebooks_anywhere_find_the_packages(self):
        with open(os.path.join(CLONE, "README.md")) as file:
            lines = re.search(r"## Install\n.*?```sh\n(.*?)```", file.read(), re.S).group(1).splitlines()
        # That line has been run for this test's feed, into another folder.
        self.assertTrue(lines[0].startswith("dotnet pack -c Release -p:ReadyToRun=true"), lines[0])
        shutil.copytree(os.environ["XT_FEED"], os.path.join(CLONE, "artifacts", "packages"), dirs_exist_ok=True)
        with tempfile.TemporaryDirectory() as home:
            self.environment = {name: value for name, value in os.environ.items() if not name.startswith("XDG_")} | {
                "HOME": home, "DOTNET_CLI_HOME": home, "NUGET_PACKAGES": f"{os.environ['XT_SCRATCH']}/packages", "DOTNET_NOLOGO": "1"}
            self.bash("\n".join(lines[1:]), CLONE)
            tool = os.path.join(home, ".dotnet", "tools", "xt-notebooks")
            self.assertIn("libtorch", self.bash(f'"{tool}" check', home))
            cells = ['#r "nuget: libtorch-cpu-linux-x64, 2.10.0"\n#r "nuget: XtNotebooks"', "TorchSharp.torch.ones(2).sum().item<float>()"]
            with open(os.path.join(home, "new.ipynb"), "w") as file:
                json.dump({"nbformat": 4, "nbformat_minor": 5, "metadata": {}, "cells": [
                    {"cell_type": "code", "id": f"c{i}", "metadata": {}, "execution_count": None, "outputs": [], "source": cell} for i, cell in enumerate(cells)]}, file)
            self.bash(f'"{tool}" run new.ipynb --output done.ipynb', home)
            with open(os.path.join(home, "done.ipynb")) as file:
                self.assertEqual("".join(json.load(file)["cells"][1]["outputs"][0]["data"]["text/plain"]), "2")

    def bash(self, script, folder):
        ended = subprocess.run(["bash", "-euo", "pipefail", "-c", script], cwd=folder, env=self.environment, capture_output=True, text=True)
        self.assertEqual(ended.returncode, 0, f"{script}\n{ended.stdout}\n{ended.stderr}")
        return ended.stdout
