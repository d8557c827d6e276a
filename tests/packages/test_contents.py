"""What is in the packages."""

import glob
import os
import re
import subprocess
import tempfile
import unittest
import zipfile

FEED = os.environ["XT_FEED"]
CLONE = os.environ["XT_CLONE"]
LIBRARIES = ["XtNotebooks", "XtNotebooks.Transformers", "XtNotebooks.Extensibility"]
# The tool for the rest of the world, the tool compiled ahead, and the package by which an installation finds the right one.
TOOL, AHEAD, POINTER = "XtNotebooks.Kernel.any", "XtNotebooks.Kernel.linux-x64", "XtNotebooks.Kernel"
ALL = [*LIBRARIES, TOOL, AHEAD, POINTER]
DEPENDENCIES = {
    "XtNotebooks": {"XtNotebooks.Extensibility", "XtNotebooks.Transformers", "Plotly.NET", "XPlot.Plotly"},
    "XtNotebooks.Transformers": {"TorchSharp"},
    "XtNotebooks.Extensibility": set(),
}


def folder_of(name):
    """Where a package has its assembly."""
    return "lib/net10.0" if name in LIBRARIES else f"tools/net10.0/{name.removeprefix(POINTER + '.')}"


def assembly_of(name):
    return name if name in LIBRARIES else POINTER


def package(name, ending="nupkg", feed=FEED):
    found = [path for path in glob.glob(f"{feed}/{name}.*.{ending}") if re.fullmatch(re.escape(name) + r"\.\d.*", os.path.basename(path))]
    assert len(found) == 1, f"{name}: {found}"
    return zipfile.ZipFile(found[0])


def nuspec(name):
    return package(name).read(f"{name}.nuspec").decode("utf-8-sig")


def differences(one, other, *symbols):
    """In which parts two assemblies, and their symbols, differ; nothing where they are the same."""
    tool = os.path.join(CLONE, "tests", "packages", "differences")
    with tempfile.TemporaryDirectory() as folder:
        files = []
        for i, content in enumerate((one, other, *symbols)):
            files.append(os.path.join(folder, f"{i}.{'dll' if i < 2 else 'pdb'}"))
            with open(files[-1], "wb") as file:
                file.write(content)
        told = subprocess.run(["dotnet", "run", "--project", tool, "--", *files], capture_output=True, text=True)
    assert told.returncode == (one != other or symbols[:1] != symbols[1:]), told.stdout + told.stderr
    return told.stdout.strip()


def first_difference(one, other):
    """The lines around the place where two texts part."""
    at = next((i for i, pair in enumerate(zip(one, other)) if pair[0] != pair[1]), min(len(one), len(other)))
    return f"from byte {at} on: {one[max(0, at - 200):at + 200]!r} here, {other[max(0, at - 200):at + 200]!r} again"


class Contents(unittest.TestCase):
    def test_the_packages_and_their_symbols_are_made_and_nothing_else(self):
        made = sorted(re.sub(r"\.\d+\.\d+\.\d+[^/]*?(\.s?nupkg)$", r"\1", os.path.basename(path)) for path in os.listdir(FEED))
        self.assertEqual(made, sorted([f"{name}.nupkg" for name in ALL] + [f"{name}.snupkg" for name in ALL if name != POINTER]))

    def test_each_carries_readme_icon_licence_and_notices(self):
        for name in ALL:
            with self.subTest(name):
                files = package(name)
                self.assertTrue({"README.md", "icon.png", "LICENSE", "THIRD-PARTY-NOTICES.md"} <= set(files.namelist()))
                self.assertEqual(files.read("icon.png")[:8], b"\x89PNG\r\n\x1a\n")
                spec = nuspec(name)
                for element in ('<license type="expression">MIT</license>', "<icon>icon.png</icon>", "<readme>README.md</readme>", "<tags>", "<description>"):
                    self.assertIn(element, spec)

    def test_the_first_thing_the_readme_shows_is_the_two_backend_lines(self):
        for name, line in (("XtNotebooks", '#r "nuget: {}, '), ("XtNotebooks.Transformers", '<PackageReference Include="{}" ')):
            with self.subTest(name):
                first = package(name).read("README.md").decode().split("```")[1]
                for backend in ("libtorch-cpu-linux-x64", "TorchSharp-cuda-linux"):
                    self.assertIn(line.format(backend), first)

    def test_each_has_only_the_dependencies_it_needs_and_no_native_library(self):
        for name in ALL:
            with self.subTest(name):
                self.assertEqual(set(re.findall(r'<dependency id="([^"]+)"', nuspec(name))), DEPENDENCIES.get(name, set()))
                native = [path for path in package(name).namelist() if re.search(r"\.(so|dylib)(\.|$)|/native/", path)]
                self.assertEqual(native, [])

    def test_each_library_documents_its_public_members(self):
        for name in LIBRARIES:
            with self.subTest(name):
                self.assertIn(f"lib/net10.0/{name}.xml", package(name).namelist())

    def test_the_notebook_package_carries_the_script_for_dotnet_interactive(self):
        self.assertIn("interactive-extensions/dotnet/extension.dib", package("XtNotebooks").namelist())

    def test_the_tool_is_called_xt_notebooks(self):
        for name in (TOOL, AHEAD, POINTER):
            with self.subTest(name):
                settings = next(path for path in package(name).namelist() if path.endswith("DotnetToolSettings.xml"))
                self.assertIn('Name="xt-notebooks"', package(name).read(settings).decode("utf-8-sig"))

    def test_the_tool_compiled_ahead_is_larger_by_its_native_code(self):
        sizes = [next(file.file_size for file in package(name).infolist() if file.filename.endswith("/XtNotebooks.Kernel.dll")) for name in (TOOL, AHEAD)]
        self.assertGreater(sizes[1], 1.5 * sizes[0])

    def test_the_symbols_lead_to_the_sources_of_the_very_commit(self):
        commit = subprocess.check_output(["git", "-C", CLONE, "rev-parse", "HEAD"], text=True).strip()
        for name in [*LIBRARIES, TOOL, AHEAD]:
            with self.subTest(name):
                self.assertIn(f'commit="{commit}"', nuspec(name))
                self.assertIn('url="https://github.com/example/xt-notebooks', nuspec(name))
                symbols = package(name, "snupkg").read(f"{folder_of(name)}/{assembly_of(name)}.pdb")
                self.assertIn(f"https://raw.githubusercontent.com/example/xt-notebooks/{commit}/*".encode(), symbols)
                # Paths of the machine that built it would differ elsewhere.
                self.assertNotIn(CLONE.encode(), symbols)

    def test_the_same_commit_in_another_folder_gives_the_same_bytes(self):
        again = os.path.join(os.environ["XT_SCRATCH"], "again")
        # With what was not committed when this test began: it belongs to both.
        subprocess.check_call([f"{CLONE}/tests/clean-clone", again])
        subprocess.check_call(["git", "-C", again, "remote", "set-url", "origin", "https://github.com/example/xt-notebooks.git"])
        # As tests/packages/run packs: another way would compile the tool in another folder below obj, which its symbols name. Only nothing is
        # compiled ahead, which takes minutes and which the assemblies compared here are not.
        subprocess.check_call(["dotnet", "pack", f"{again}/XtNotebooks.sln", "-c", "Release", "-o", f"{again}/feed", "-p:ContinuousIntegrationBuild=true",
                               "-p:ReadyToRun=true", "-p:PublishReadyToRun=false", "-v", "q", "-nologo", "-clp:NoSummary"])
        for name in [*LIBRARIES, TOOL]:
            for ending in ("dll", "xml") if name in LIBRARIES else ("dll",):
                path = f"{folder_of(name)}/{assembly_of(name)}.{ending}"
                with self.subTest(path):
                    made, again_made = (package(name, feed=feed).read(path) for feed in (FEED, f"{again}/feed"))
                    if made != again_made:
                        symbols = [package(name, "snupkg", feed).read(path.removesuffix("dll") + "pdb") for feed in (FEED, f"{again}/feed")] if ending == "dll" else []
                        self.fail(differences(made, again_made, *symbols) if ending == "dll" else first_difference(made, again_made))

    def test_where_assemblies_differ_is_told_by_part(self):
        made = package("XtNotebooks").read("lib/net10.0/XtNotebooks.dll")
        symbols = package("XtNotebooks", "snupkg").read("lib/net10.0/XtNotebooks.pdb")
        self.assertEqual(differences(made, made, symbols, symbols), "")
        old, new = ("a tensor that was disposed of".encode("utf-16-le"), "a tensor that was disposed ov".encode("utf-16-le"))
        self.assertEqual(made.count(old), 1)
        told = differences(made, made.replace(old, new), symbols, symbols)
        self.assertRegex(told, r"^literals: 2 entries that only one of the two has\n  one: .*disposed of.*\n  other: .*disposed ov")


if __name__ == "__main__":
    unittest.main()
