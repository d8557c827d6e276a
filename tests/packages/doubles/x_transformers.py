"""Stands in for Python's x-transformers: a model is what a golden case, which the original made, holds. Arguments, names or shapes that are not
those of the original fail."""

import json
import os

from safetensors.torch import load_file
from torch import Tensor

CASE = os.environ["XT_GOLDEN_CASE"]
with open(os.path.join(CASE, "case.json"), encoding="utf-8") as _file:
    ARGUMENTS = json.load(_file)["constructor"]


class Decoder:
    def __init__(self, **arguments):
        assert arguments == ARGUMENTS["Decoder"], arguments


class TransformerWrapper:
    def __init__(self, *, attn_layers, **arguments):
        assert arguments == ARGUMENTS["TransformerWrapper"] and isinstance(attn_layers, Decoder), arguments
        self.num_tokens = arguments["num_tokens"]
        self.weights = load_file(os.path.join(CASE, "weights.safetensors"))

    def load_state_dict(self, state_dict, strict=True):
        assert {name: (w.dtype, w.shape) for name, w in state_dict.items()} == {name: (w.dtype, w.shape) for name, w in self.weights.items()}
        self.weights = state_dict

    def state_dict(self):
        return self.weights

    def parameters(self):
        return iter(self.weights.values())


class AutoregressiveWrapper:
    def __init__(self, net, ignore_index=-100, pad_value=0):
        self.net = net

    def __call__(self, x):
        assert len(x.shape) == 2
        return Tensor("F32", [], b"")

    def to(self, device):
        return self

    def parameters(self):
        return self.net.parameters()
