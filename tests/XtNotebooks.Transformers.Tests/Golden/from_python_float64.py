"""Writes float64.safetensors: what Python's x-transformers 2.26.4 computes in double precision with the recorded cases' weights and inputs.

    pip install torch x-transformers==2.26.4 safetensors; python3 from_python_float64.py

For each case, the logits of the first sequence's last position, and the gradients of the logits' sum of squares: of every weight for the
cases of from_python.py (rounded, to be small), else their norm. Upstream takes softmaxes, and what .float() is called on, in single precision even in a double precision net: here both stay as precise as the net.
"""
import json
import pathlib
from functools import partial

import torch
import torch.nn.functional as F
from safetensors import safe_open
from safetensors.torch import load_file, save_file
from x_transformers import Decoder, Encoder, TransformerWrapper

single = torch.Tensor.float


def cases(tests):
    for folder in sorted(path.parent for path in (tests / "golden").glob("*/case.json")):
        case = json.loads((folder / "case.json").read_text())
        if case["kind"] in ("decoder", "encoder"):
            yield folder.name, case["constructor"], load_file(folder / "weights.safetensors"), load_file(folder / "data.safetensors")["x"], None
    for file in sorted((tests / "Options" / "from-python").glob("*.safetensors")):
        with safe_open(file, "pt") as stored:
            arguments = json.loads(stored.metadata()["arguments"])
        tensors = load_file(file)
        weights = {k.removeprefix("weights."): v for k, v in tensors.items() if k.startswith("weights.")}
        yield file.stem, arguments, weights, tensors["ids"], tensors.get("context")


def compute(constructor, weights, ids, context):
    stack = Decoder(**constructor["Decoder"]) if "Decoder" in constructor else Encoder(**constructor["Encoder"])
    net = TransformerWrapper(**constructor["TransformerWrapper"], attn_layers=stack).eval()
    net.load_state_dict(weights)
    net.double()
    for module in net.modules():
        if isinstance(getattr(module, "attn_fn", None), partial) and module.attn_fn.keywords.get("dtype") is torch.float32:
            module.attn_fn = partial(F.softmax, dim=-1)
    bias = getattr(net.attn_layers, "rel_pos", None)
    buckets = type(bias).__name__ == "RelativePositionBias"  # integers become single precision there, whatever the net's
    torch.Tensor.float = lambda t: t if t.dtype is torch.float64 else single(t) if buckets else t.double()
    try:
        logits = net(ids.clamp(min=0), **({} if context is None else dict(context=context.double())))
        assert logits.dtype is torch.float64
        logits.square().sum().backward()
    finally:
        torch.Tensor.float = single
    last = logits.detach()[0]
    return last.reshape(-1, last.shape[-1])[-1].clone(), {k: p.grad for k, p in net.named_parameters() if p.grad is not None}


here = pathlib.Path(__file__).parent
found = {}
for name, *case in cases(here.parent):
    try:
        logits, gradients = compute(*case)
        found[name] = logits
        found[name + "/norm"] = torch.stack([g.norm() for g in gradients.values()]).norm().reshape(1)
        if not (here.parent / "golden" / name).exists():
            found |= {f"{name}/{k}": single(g).contiguous() for k, g in gradients.items()}
    except Exception as error:  # the original has no double precision there
        print(name, type(error).__name__, error)
save_file(found, here / "float64.safetensors")
