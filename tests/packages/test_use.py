"""The packages, used by somebody who has nothing of this repository: an empty folder, an empty package cache."""

import json
import os
import re
import shutil
import subprocess
import time
import unittest
import xml.etree.ElementTree

FEED = os.environ["XT_FEED"]
# Nobody's home.
SCRATCH = os.path.join(os.environ["XT_SCRATCH"], "stranger")
VERSION = next(name for name in os.listdir(FEED) if re.fullmatch(r"XtNotebooks\.\d.*\.nupkg", name))[len("XtNotebooks."):-len(".nupkg")]
BACKEND = '#r "nuget: libtorch-cpu-linux-x64, 2.10.0"'


def setUpModule():
    """The packed ones come from the feed alone, the others from the machine's own sources."""
    shutil.rmtree(SCRATCH, ignore_errors=True)  # what another module has restored or installed
    os.makedirs(f"{SCRATCH}/home/.nuget/NuGet")
    own = os.path.expanduser("~/.nuget/NuGet/NuGet.Config")
    if os.path.exists(own):
        shutil.copy(own, f"{SCRATCH}/home/.nuget/NuGet/NuGet.Config")
    others = [key for key in sources() if key != "packed"]
    mapped = "".join(f'<packageSource key="{key}"><package pattern="*" /></packageSource>' for key in others)
    with open(f"{SCRATCH}/NuGet.config", "w") as file:
        file.write(f'''<configuration><packageSources><add key="packed" value="{FEED}" /></packageSources>
<packageSourceMapping><packageSource key="packed"><package pattern="XtNotebooks*" /></packageSource>{mapped}</packageSourceMapping>
</configuration>''')
    started = time.monotonic()
    call("dotnet", "tool", "install", "XtNotebooks.Kernel", "--tool-path", f"{SCRATCH}/tool", "--version", VERSION)
    print(f"the tool is installed after {time.monotonic() - started:.1f} s")


def sources():
    """The names of the sources that this machine has."""
    return [element.get("key") for file in re.findall(r"^\s*\S*?(/.*)$", call("dotnet", "nuget", "config", "paths"), re.MULTILINE)
            for element in xml.etree.ElementTree.parse(file).iterfind("packageSources/add")]


def call(*words, folder=SCRATCH, fails=False):
    home = f"{SCRATCH}/home"
    environment = {name: value for name, value in os.environ.items() if not name.startswith(("NUGET_", "XDG_", "DOTNET_CLI_HOME"))} | {
        "HOME": home, "DOTNET_CLI_HOME": home, "DOTNET_NOLOGO": "1", "DOTNET_GENERATE_ASPNET_CERTIFICATE": "false"}
    ended = subprocess.run(words, cwd=folder, env=environment, capture_output=True, text=True)
    if (ended.returncode != 0) != fails:
        raise AssertionError(f"{' '.join(words)} ended with {ended.returncode}:\n{ended.stdout}\n{ended.stderr}")
    return ended.stdout + ended.stderr


def run_notebook(name, *cells):
    path = os.path.join(SCRATCH, f"{name}.ipynb")
    document = {
        "nbformat": 4, "nbformat_minor": 5, "metadata": {"kernelspec": {"name": "xt-csharp", "display_name": "C# (XtNotebooks)", "language": "C#"}},
        "cells": [{"cell_type": "code", "id": f"c{i}", "metadata": {}, "execution_count": None, "outputs": [], "source": source} for i, source in enumerate(cells)],
    }
    with open(path, "w") as file:
        json.dump(document, file)
    started = time.monotonic()
    call(f"{SCRATCH}/tool/xt-notebooks", "run", path, "--output", f"{SCRATCH}/{name}.out.ipynb", "--html", f"{SCRATCH}/{name}.html")
    print(f"{name}: {time.monotonic() - started:.1f} s")
    with open(f"{SCRATCH}/{name}.out.ipynb") as file:
        return [cell["outputs"] for cell in json.load(file)["cells"]]


def text(outputs):
    return "".join("".join(output.get("text", "")) or "".join(output.get("data", {}).get("text/plain", "")) for output in outputs)


class Use(unittest.TestCase):
    def test_a_notebook_trains_and_draws(self):
        outputs = run_notebook(
            "train",
            f'{BACKEND}\n#r "nuget: XtNotebooks"',
            "using TorchSharp;\nusing XtNotebooks.Data;\nusing XtNotebooks.Transformers;\n"
            "var net = new TransformerWrapper(new() { NumTokens = 32, MaxSeqLen = 64, AttnLayers = new Decoder(new() { Dim = 32, Depth = 1, Heads = 2 }) });\n"
            "var batches = SyntheticBatches.Motif(seed: 1);",
            "#!xt-train net --batches batches --steps 5",
            "run.Steps.Count",
        )
        self.assertTrue(any("text/html" in output.get("data", {}) for output in outputs[2]), outputs[2])
        self.assertEqual(text(outputs[3]), "5")
        page = open(f"{SCRATCH}/train.html").read()
        self.assertNotRegex(page, r'(src|href)="https?://[^"]*\.(js|css)')

    def test_without_a_backend_the_reference_itself_says_the_two_lines_and_the_next_cell_mends_it(self):
        outputs = run_notebook("backend", '#r "nuget: XtNotebooks"', BACKEND, "TorchSharp.torch.ones(2).sum().item<float>()")
        said = text(outputs[0])
        self.assertIn('#r "nuget: libtorch-cpu-linux-x64, 2.10.0"', said)
        self.assertIn('#r "nuget: TorchSharp-cuda-linux, ', said)
        self.assertEqual(text(outputs[2]), "2")

    def test_a_program_references_the_port_and_loads_libtorch_by_itself(self):
        folder = os.path.join(SCRATCH, "program")
        os.mkdir(folder)
        with open(os.path.join(os.environ["XT_CLONE"], "src", "XtNotebooks.Transformers", "README.md")) as file:
            page = file.read()
        backend, code = (re.search(rf"^```{language}\n(.*?)^```", page, re.DOTALL | re.MULTILINE).group(1) for language in ("xml", "csharp"))
        with open(f"{folder}/program.csproj", "w") as file:
            file.write(f"""<Project Sdk="Microsoft.NET.Sdk">
<PropertyGroup><OutputType>Exe</OutputType><TargetFramework>net10.0</TargetFramework><ImplicitUsings>enable</ImplicitUsings></PropertyGroup>
<ItemGroup><PackageReference Include="XtNotebooks.Transformers" Version="{VERSION}" />{backend}</ItemGroup></Project>""")
        with open(f"{folder}/Program.cs", "w") as file:
            file.write(code + "Console.WriteLine(loss.item<float>() > 0 ? \"trained on\" : \"no loss\");\n")
        self.assertEqual(call("dotnet", "run", folder=folder).strip().splitlines()[-1], "trained on")
        # As the page says: without a copy of libtorch.
        self.assertEqual([name for _, _, files in os.walk(f"{folder}/bin") for name in files if name.startswith("libtorch")], [])

    def test_the_extension_of_the_guide_is_built_packed_and_used(self):
        with open(os.path.join(os.environ["XT_CLONE"], "docs", "extending.md")) as file:
            guide = file.read().split("## The package")[1]
        folder = os.path.join(SCRATCH, "dice")
        os.mkdir(folder)

        def block(language):
            return re.search(rf"^```{language}\n(.*?)^```", guide, re.DOTALL | re.MULTILINE).group(1)

        for name, language in (("Dice.Notebooks.csproj", "xml"), ("Dice.cs", "csharp")):
            with open(f"{folder}/{name}", "w") as file:
                file.write(block(language))
        with open(f"{folder}/NuGet.config", "w") as file:  # the guide's own feed is nobody's but its own
            file.write("<configuration><packageSourceMapping><clear /></packageSourceMapping></configuration>")
        call("bash", "-c", block("sh"), folder=folder)
        [outputs] = run_notebook("dice/roll", block("text"))
        self.assertRegex(text(outputs), r"[1-6] \+ [1-6] \+ [1-6]")
        self.assertTrue(any("<b>" in "".join(output.get("data", {}).get("text/html", "")) for output in outputs), outputs)

    def test_the_kernelspec_leads_to_the_installed_tool(self):
        call(f"{SCRATCH}/tool/xt-notebooks", "install", "--prefix", f"{SCRATCH}/prefix")
        with open(f"{SCRATCH}/prefix/share/jupyter/kernels/xt-csharp/kernel.json") as file:
            program = json.load(file)["argv"][0]
        self.assertEqual(os.path.realpath(program), os.path.realpath(f"{SCRATCH}/tool/xt-notebooks"))


if __name__ == "__main__":
    unittest.main()
