"""The file format, as its specification has it: eight bytes of length, a header of JSON, the numbers."""

import json
import struct

from torch import Tensor


def load_file(filename, device="cpu"):
    with open(filename, "rb") as file:
        header = json.loads(file.read(struct.unpack("<Q", file.read(8))[0]))
        body = file.read()
    header.pop("__metadata__", None)
    return {name: Tensor(entry["dtype"], entry["shape"], body[slice(*entry["data_offsets"])]) for name, entry in header.items()}


def save_file(tensors, filename, metadata=None):
    header, body = {}, b""
    for name, tensor in tensors.items():
        # Upstream refuses views and shared memory in the same way.
        assert tensor.contiguous_copy, f"{name} shares its memory"
        header[name] = {"dtype": tensor.dtype, "shape": tensor.shape, "data_offsets": [len(body), len(body) + len(tensor.data)]}
        body += tensor.data
    text = json.dumps(header).encode()
    with open(filename, "wb") as file:
        file.write(struct.pack("<Q", len(text)) + text + body)
