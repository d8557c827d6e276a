"""The Python of the pages and of notebook 06, run between two notebooks: one that leaves a checkpoint, one that reads what Python has made of it.

Python's torch and x-transformers are gigabytes, so stand-ins take their places (doubles/): they know the names and arguments that upstream has, and
the weights of a golden case that upstream wrote."""

import json
import os
import re
import subprocess
import sys
import unittest

import test_use
from test_use import BACKEND, SCRATCH, run_notebook, text

CLONE = os.environ["XT_CLONE"]
CASE = os.path.join(CLONE, "tests", "XtNotebooks.Transformers.Tests", "golden", "default")
MODEL = "new TransformerWrapper(new() { NumTokens = 17, MaxSeqLen = 16, AttnLayers = new Decoder(new() { Dim = 32, Depth = 2, Heads = 2, AttnDimHead = 8, FfMult = 2 }) })"
FIRST = [f'{BACKEND}\n#r "nuget: XtNotebooks"', f"using TorchSharp;\nusing XtNotebooks.Transformers;\nvar net = {MODEL};"]


def setUpModule():
    if not os.path.exists(f"{SCRATCH}/tool"):
        test_use.setUpModule()


def snippets():
    """(place, code): each once, as the pages and notebook 06 both show how a checkpoint is loaded."""
    with open(os.path.join(CLONE, "docs", "checkpoints.md"), encoding="utf-8") as file:
        texts = [("docs/checkpoints.md", file.read())]
    with open(os.path.join(CLONE, "notebooks", "06-from-and-to-python.ipynb"), encoding="utf-8") as file:
        texts += [(f"notebook 06, cell {i}", "".join(cell["source"])) for i, cell in enumerate(json.load(file)["cells"]) if cell["cell_type"] == "markdown"]
    for place, page in texts:
        for match in re.finditer(r"^```python\n(.*?)^```", page, re.DOTALL | re.MULTILINE):
            yield place, match.group(1)


def python(code, *arguments):
    environment = os.environ | {"PYTHONPATH": os.path.join(CLONE, "tests", "packages", "doubles"), "XT_GOLDEN_CASE": CASE}
    ended = subprocess.run([sys.executable, "-c", code, *arguments], cwd=SCRATCH, env=environment, capture_output=True, text=True)
    assert ended.returncode == 0, f"{code}\n{ended.stderr}"
    return ended.stdout


class PythonSnippets(unittest.TestCase):
    def test_what_is_trained_here_loads_there_and_comes_back(self):
        run_notebook("checkpoint", *FIRST,
                     f'net.LoadSafetensors("{CASE}/weights.safetensors");\nnew CheckpointDirectory("run").Save(net, step: 1);\nnet.SaveSafetensors("model.pt.safetensors");')
        os.replace(f"{SCRATCH}/model.pt.safetensors", f"{SCRATCH}/model.pt")  # what the stand-in takes for a pickle
        ran = 0
        for place, code in snippets():
            with self.subTest(place, code=code.splitlines()[0]):
                ran += 1
                if "init_process_group" in code:
                    told = python(code + "\nprint(dist.said)", "run")
                    self.assertIn("step 20: 3.250 nats", told)
                    self.assertTrue(told.strip().endswith("'backward', 'step', 'ended']"), told)
                elif "net = " in code or "state = " in code:
                    python(code)
                else:  # how a net's weights are written, which goes on from a net that is there
                    python("from x_transformers import *\nnet = TransformerWrapper(**ARGUMENTS['TransformerWrapper'], attn_layers=Decoder(**ARGUMENTS['Decoder']))\n"
                           "net.load_state_dict({k: v.clone() for k, v in net.state_dict().items()})\n" + code)
        self.assertGreaterEqual(ran, 5)
        outputs = run_notebook(
            "back", *FIRST, f'var was = Safetensors.Read("{CASE}/weights.safetensors");',
            'string.Join(" ", new[] { "model.safetensors", "weights.safetensors", "run/trained.safetensors" }.Select(file =>\n{\n    net.LoadSafetensors(file);\n'
            "    return was.All(w => net.state_dict()[w.Key].equal(w.Value).all().ToBoolean());\n}))")
        self.assertEqual(text(outputs[-1]), "True True True")


if __name__ == "__main__":
    unittest.main()
