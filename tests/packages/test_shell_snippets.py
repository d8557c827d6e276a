"""Every command that the pages tell a reader to type is typed here, in the order of the pages, by somebody with a home folder of their own.

Which are not, and why, stands in the tables below and is printed. An entry whose command no page has any more fails."""

import glob
import json
import os
import re
import shutil
import subprocess
import sys
import unittest

CLONE = os.environ["XT_CLONE"]
HOME = os.path.join(os.environ["XT_SCRATCH"], "home")
# Where a reader has notebooks of their own.
DESK = os.path.join(HOME, "notebooks")
# What is not committed when these tests begin.
CHANGED = subprocess.check_output(["git", "-C", CLONE, "status", "--porcelain", "--", "src", "notebooks"])

# What takes minutes is typed with less to do: the command, what is typed in its place.
BENCH = "dotnet run --project bench -c Release --"
SHORTER = {
    # The packages step has run this line, into another folder; see setUpModule.
    "dotnet pack -c Release -p:ReadyToRun=true": "ls artifacts/packages/XtNotebooks.Kernel.*.nupkg",
    "dotnet run --project bench -c Release": f"{BENCH} --only small --rounds 1 --live-steps 0 --memory-steps 1",
    "dotnet run --project bench -c Release -- views": f"{BENCH} views --help",
    "dotnet run --project bench -c Release -- trainer": f"{BENCH} trainer --help",
    "bench/kernel.py --tool xt-notebooks --soak --json kernel.json":
        "bench/kernel.py --tool xt-notebooks --kernels xt-csharp --launches 1 --cells 20 --json kernel.json",
    "docs/pages/refresh NAME": "XT_NOTEBOOKS=xt-notebooks docs/pages/refresh 07-on-the-gpu",
}

# What continuous integration runs all the same, elsewhere: the command, the file that does, and how it stands there.
ELSEWHERE = {
    "dotnet run --project src/XtNotebooks.Kernel -- run notebooks/01-the-padding-discrepancy.ipynb --html padding.html":
        (".ci/run", "dotnet run --project src/XtNotebooks.Kernel -- run notebooks/01-the-padding-discrepancy.ipynb"),
    "dotnet test": (".ci/run", 'step "dotnet test" dotnet test'),
    "dotnet build": (".ci/run", 'step "dotnet test" dotnet test'),  # which builds first
    "dotnet test --project tests/XtNotebooks.Kernel.Tests": (".ci/run", 'step "dotnet test" dotnet test'),  # one of all
    "dotnet build src/XtNotebooks.Kernel": (".ci/run", "dotnet run --project src/XtNotebooks.Kernel"),  # which builds it first
    "XT_ACCEPT_SNAPSHOTS=1 dotnet test --project tests/XtNotebooks.Docs.Tests": (".ci/run", 'step "dotnet test" dotnet test'),  # which compares
    "tests/jupyter/run": (".ci/run", "tests/jupyter/run"),
    "tests/browser/run": (".ci/run", "tests/browser/run"),
    "tests/packages/run": (".ci/run", "tests/packages/run"),
    "tests/binder/run": (".ci/run", "tests/binder/run"),
    ".ci/run": (".github/workflows/ci.yml", "bash .ci/run"),
    "jupyter notebook": ("tests/browser/NotebookServer.cs", "--NotebookApp.token"),
    "dotnet pack -o feed": ("tests/packages/test_use.py", 'call("bash", "-c", block("sh")'),
    "dotnet pack XtNotebooks.sln -c Release -o release -p:ContinuousIntegrationBuild=true -p:ReadyToRun=true":
        ("tests/packages/run", 'XtNotebooks.sln" -c Release -o "$scratch/feed" -p:ContinuousIntegrationBuild=true -p:ReadyToRun=true'),
    "dotnet build src/XtNotebooks.Kernel -c Release && dotnet src/XtNotebooks.Kernel/bin/Release/net10.0/XtNotebooks.Kernel.dll install --user":
        ("tests/jupyter/run", 'dotnet build "$root/src/XtNotebooks.Kernel" -c Release'),
}

# What cannot be run where these tests run.
PYTHONS_TORCH = "needs Python's torch and x-transformers, gigabytes that nothing else here needs"
NOT_RUN = {
    "pip install torch x-transformers": PYTHONS_TORCH,
    'dotnet run --project bench -c Release -- --peer "python3 bench/python/peer.py" --json results.json': PYTHONS_TORCH,
    "dotnet run --project bench -c Release --no-build -- --only medium medium-flash --rounds 5 --live-steps 200 --memory-steps 15 "
    '--peer "python3 bench/python/peer.py" --json results.json': PYTHONS_TORCH,
    "bench/kernel.py --pack": "packs once more, which takes over a minute; the line below it measures the tool that is packed already",
    "jupyter nbconvert --to notebook --execute --ExecutePreprocessor.kernel_name=.net-csharp ours.ipynb": "needs .NET Interactive, which no package source has",
    "jupyter lab": "Debian 12 has no JupyterLab",
    "XT_DEVICE=cuda dotnet test": "needs an NVIDIA GPU",
    "docs/views/refresh": "needs Node 20.10, which is newer than Debian 12's, and takes minutes for pictures that are looked at, not compared",
}

# Names of commands within a sentence, without what they need to run.
NAMED = {"dotnet repl", "dotnet tool install", "xt-notebooks run", "xt-notebooks kernel"}


def commands():
    """Each command of the pages, once, with the place where it stands first: blocks of shell, and code within a sentence."""
    found = {}
    pages = ["README.md", *sorted(page for pattern in ("*.md", "docs/**/*.md", "bench/*.md", "src/*/*.md") for page in glob.glob(pattern, root_dir=CLONE, recursive=True))]
    for page in dict.fromkeys(pages):
        with open(os.path.join(CLONE, page), encoding="utf-8") as file:
            text = file.read()
        for block in re.finditer(r"^ *```(\w*)\n(.*?)^ *```|`((?:[A-Z_]+=\S+ )*(?:(?:dotnet|xt-notebooks|jupyter) [^`\n]+|docs/\w+/refresh[^`\n]*))`", text, re.DOTALL | re.MULTILINE):
            # A list of changes tells what there was, and "…" is no word to type.
            if block.group(3) and (page == "CHANGELOG.md" or "…" in block.group(3)):
                continue
            if block.group(1) not in ("sh", None):
                continue
            for line in (block.group(2) or block.group(3)).replace("\\\n", " ").splitlines():
                line = re.sub(r"(^|\s+)#.*$", "", line).strip()
                if line:
                    found.setdefault(line, f"{page}:{text.count(chr(10), 0, block.start()) + 1}")
    with open(os.path.join(CLONE, ".devcontainer", "devcontainer.json"), encoding="utf-8") as file:
        found.setdefault(json.load(file)["postCreateCommand"], ".devcontainer/devcontainer.json")
    return found


COMMANDS = commands()


def setUpModule():
    shutil.copytree(os.environ["XT_FEED"], os.path.join(CLONE, "artifacts", "packages"), dirs_exist_ok=True)
    os.makedirs(DESK)
    cells = ['#r "nuget: libtorch-cpu-linux-x64, 2.10.0"\n#r "nuget: XtNotebooks"', "TorchSharp.torch.ones(2).sum().item<float>()"]
    for name, kernel in (("notebook", "xt-csharp"), ("ours", "xt-csharp"), ("theirs", ".net-csharp")):
        with open(os.path.join(DESK, f"{name}.ipynb"), "w", encoding="utf-8") as file:
            json.dump({"nbformat": 4, "nbformat_minor": 5, "metadata": {"kernelspec": {"name": kernel, "display_name": "C#", "language": "C#"}}, "cells": [
                {"cell_type": "code", "id": f"c{i}", "metadata": {}, "execution_count": None, "outputs": [], "source": cell} for i, cell in enumerate(cells)]}, file)


# What the pages have had exported so far: a terminal keeps it, and here each line has a shell of its own.
EXPORTS = []


def type_line(line, folder):
    environment = {name: value for name, value in os.environ.items() if not re.match("XDG_|JUPYTER_", name)} | {
        "HOME": HOME, "DOTNET_CLI_HOME": HOME, "NUGET_PACKAGES": f"{os.environ['XT_SCRATCH']}/packages", "DOTNET_NOLOGO": "1",
        "PATH": f"{os.path.dirname(sys.executable)}:{os.environ['PATH']}", "ContinuousIntegrationBuild": "true"}  # or what is packed would be built anew
    if line.startswith("export "):
        EXPORTS.append(line)
    ended = subprocess.run(["bash", "-euo", "pipefail", "-c", "\n".join([*EXPORTS, line])], cwd=folder, env=environment, capture_output=True, text=True)
    assert ended.returncode == 0, f"{line}\n{ended.stdout}\n{ended.stderr}"
    return ended.stdout


class ShellSnippets(unittest.TestCase):
    def test_00_whatever_is_not_typed_is_named_and_still_on_a_page(self):
        for line, reason in NOT_RUN.items():
            print(f"not run: {line}\n    {reason}")
        for line, (file, text) in ELSEWHERE.items():
            print(f"run by {file}: {line}")
            with open(os.path.join(CLONE, file), encoding="utf-8") as there:
                self.assertIn(text, there.read(), file)
        for line, shorter in SHORTER.items():
            print(f"with less to do: {line}\n    {shorter}")
        self.assertEqual([line for line in [*SHORTER, *ELSEWHERE, *NOT_RUN, *NAMED] if line not in COMMANDS], [], "no page has these any more")

    def test_99_what_was_typed_did_what_the_pages_say(self):
        for name in ("notebook.executed", "theirs.nbconvert"):
            with open(os.path.join(DESK, f"{name}.ipynb"), encoding="utf-8") as file:
                self.assertEqual("".join(json.load(file)["cells"][1]["outputs"][0]["data"]["text/plain"]), "2", name)
        self.assertTrue(os.path.getsize(os.path.join(DESK, "page.html")))
        for name, kernel in (("ours.dotnet-interactive", ".net-csharp"), ("notebook.xt-notebooks", "xt-csharp")):
            with open(os.path.join(DESK, f"{name}.ipynb"), encoding="utf-8") as file:
                self.assertEqual(json.load(file)["metadata"]["kernelspec"]["name"], kernel)
        self.assertIn("libtorch", type_line("xt-notebooks check", HOME))
        self.assertEqual(subprocess.check_output(["git", "-C", CLONE, "status", "--porcelain", "--", "src", "notebooks"]), CHANGED)


def typed_test(line):
    def test(self):
        own = re.search(r"\b(notebook|ours|theirs)\.ipynb", line)
        type_line(SHORTER.get(line, line), DESK if own else CLONE)

    return test


for number, (command, place) in enumerate(COMMANDS.items(), 1):
    if not (command in ELSEWHERE or command in NOT_RUN or command in NAMED):
        setattr(ShellSnippets, f"test_{number:02}_{re.sub(r'[^A-Za-z0-9]+', '_', f'{place}_{command}')[:100]}", typed_test(command))


if __name__ == "__main__":
    unittest.main()
