"""One process of one; what was said to it is kept."""

said = []


def init_process_group(backend=None):
    assert backend in ("gloo", "nccl"), backend
    said.append(f"began with {backend}")


def get_rank():
    return 0


def destroy_process_group():
    said.append("ended")
