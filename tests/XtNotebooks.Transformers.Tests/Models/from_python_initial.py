"""Writes initial.json: how Python's x-transformers 2.26.4 initialises the weights of every recorded case, as moments over eight seeds.

    pip install torch x-transformers==2.26.4 safetensors; python3 from_python_initial.py

For each case and kind of weight (layers taken together): how many, mean, standard deviation, fourth moment in units of the fourth power of the
deviation (1.8 uniform, 3 normal), least and greatest. A kind of weight that an earlier case has in the same shape is left out.
"""
import json
import pathlib
import re

import torch
from safetensors import safe_open
from x_transformers import Decoder, Encoder, TransformerWrapper

SEEDS = 8


def cases(tests):
    for path in sorted((tests / "golden").glob("*/case.json")):
        case = json.loads(path.read_text())
        if case["kind"] in ("decoder", "encoder") and path.parent.name != "library_defaults":
            yield path.parent.name, case["constructor"]
    for file in sorted((tests / "Options" / "from-python").glob("*.safetensors")):
        with safe_open(file, "pt") as stored:
            yield file.stem, json.loads(stored.metadata()["arguments"])


def moments(constructor):
    gathered = {}
    for seed in range(SEEDS):
        torch.manual_seed(seed)
        stack = Decoder(**constructor["Decoder"]) if "Decoder" in constructor else Encoder(**constructor["Encoder"])
        net = TransformerWrapper(**constructor["TransformerWrapper"], attn_layers=stack)
        for name, weight in net.named_parameters():
            kind = re.sub(r"\.\d+\.", ".#.", re.sub(r"\.\d+\.", ".#.", name))
            shapes, values = gathered.setdefault(kind, (set(), []))
            shapes.add(tuple(weight.shape))
            values.append(weight.detach().flatten().double())
    for kind, (shapes, values) in gathered.items():
        x = torch.cat(values)
        mean, deviation = float(x.mean()), float(x.std(unbiased=False))
        fourth = float((x - mean).pow(4).mean()) / deviation**4 if deviation > 1e-6 else 0
        yield kind, sorted(shapes), [len(x), mean, deviation, fourth, float(x.min()), float(x.max())]


here = pathlib.Path(__file__).parent
seen, found = set(), {}
for name, constructor in cases(here.parent):
    try:
        for kind, shapes, numbers in moments(constructor):
            if (kind, str(shapes), numbers[2] > 0) not in seen:
                seen.add((kind, str(shapes), numbers[2] > 0))
                found.setdefault(name, {})[kind] = [float(f"{n:.7g}") for n in numbers]
    except Exception as error:  # the original refuses
        print(name, type(error).__name__, error)
lines = [f" {json.dumps(name)}: {{\n" + ",\n".join(f"  {json.dumps(k)}: {json.dumps(v)}" for k, v in kinds.items()) + "\n }" for name, kinds in found.items()]
(here / "initial.json").write_text("{\n" + ",\n".join(lines) + "\n}\n")
