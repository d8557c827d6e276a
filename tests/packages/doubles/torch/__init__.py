"""Stands in for Python's torch, as far as the pages and notebook 06 use it: upstream's names and arguments. A tensor is bytes with a shape."""

from types import SimpleNamespace

from . import distributed  # noqa: F401


class Tensor:
    def __init__(self, dtype, shape, data, contiguous_copy=False):
        self.dtype, self.shape, self.data, self.contiguous_copy = dtype, shape, data, contiguous_copy

    def clone(self):
        return Tensor(self.dtype, self.shape, self.data, contiguous_copy=True)

    def contiguous(self):
        return self

    def cpu(self):
        return self

    def item(self):
        return 3.25

    def backward(self):
        distributed.said.append("backward")


class device:
    def __init__(self, type, index=None):
        assert type in ("cpu", "cuda"), type


def load(f, map_location=None, weights_only=None):
    assert weights_only, "a pickle that runs what it likes"
    from safetensors.torch import load_file
    return {f"net.{name}": tensor for name, tensor in load_file(f).items()}


def randint(low, high, size, device=None):
    assert 0 <= low < high
    return Tensor("I64", list(size), b"")


def manual_seed(seed):
    assert isinstance(seed, int)


def _adam(params, lr=1e-3):
    assert list(params)
    return SimpleNamespace(zero_grad=lambda: None, step=lambda: distributed.said.append("step"))


cuda = SimpleNamespace(is_available=lambda: False)
optim = SimpleNamespace(Adam=_adam)
