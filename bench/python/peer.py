"""Runs the measurements of this bench with the original, Python's x-transformers.

    pip install torch x-transformers
    dotnet run --project bench -c Release -- --peer "python3 bench/python/peer.py"

`serve THREADS wall|processor` reads lines "kind workload amount" and answers each with a line of JSON: seconds by part.
`memory workload steps` prints the peak resident memory of this process in MiB.
"""
import json
import re
import sys
from time import perf_counter, process_time

import torch
import torch.nn.functional as F
from x_transformers import AutoregressiveWrapper, Decoder, TransformerWrapper

clock = perf_counter

WORKLOADS = {
    "small": dict(num_tokens=32, length=64, batch=16, dim=64, depth=2, heads=4, flash=False),
    "medium": dict(num_tokens=256, length=256, batch=8, dim=256, depth=6, heads=8, flash=False),
    "medium-flash": dict(num_tokens=256, length=256, batch=8, dim=256, depth=6, heads=8, flash=True),
}


class Training:
    def __init__(self, num_tokens, length, batch, dim, depth, heads, flash):
        torch.manual_seed(0)
        self.model = TransformerWrapper(
            num_tokens=num_tokens,
            max_seq_len=length,
            attn_layers=Decoder(dim=dim, depth=depth, heads=heads, attn_flash=flash),
        )
        self.optimizer = torch.optim.Adam(self.model.parameters(), lr=1e-3)
        self.batch = torch.randint(0, num_tokens, (batch, length))

    def step(self):
        start = clock()
        logits = self.model(self.batch)
        forward = clock()
        loss = F.cross_entropy(logits[:, :-1].flatten(0, 1), self.batch[:, 1:].flatten())
        computed = clock()
        loss.backward()
        backward = clock()
        self.optimizer.step()
        self.optimizer.zero_grad()
        end = clock()
        return {"forward": forward - start, "loss": computed - forward, "backward": backward - computed, "optimizer": end - backward}

    @torch.no_grad()
    def forward(self):
        self.model(self.batch)

    def generate(self, tokens, cached):
        self.model.eval()
        prompt = self.batch[:1, :1]
        AutoregressiveWrapper(self.model).generate(prompt, tokens, temperature=0.0, cache_kv=cached)
        self.model.train()


class Server:
    def __init__(self):
        self.trainings = {}
        self.left, self.right = torch.rand(1024, 1024), torch.rand(1024, 1024)

    def training(self, workload):
        if workload not in self.trainings:
            self.trainings[workload] = Training(**WORKLOADS[workload])
        return self.trainings[workload]

    def run(self, kind, workload, amount):
        if kind == "step":
            parts = [self.training(workload).step() for _ in range(amount)]
            return {name: sum(p[name] for p in parts) / amount for name in parts[0]}
        start = clock()
        if kind == "sgemm":
            for _ in range(amount):
                self.left @ self.right
        elif kind == "forward":
            for _ in range(amount):
                self.training(workload).forward()
        elif kind in ("cached", "uncached"):
            self.training(workload).generate(amount, cached=kind == "cached")
            return {"total": clock() - start}
        else:
            raise ValueError(f"There is no measurement '{kind}'.")
        return {"total": (clock() - start) / amount}


def blas():
    if torch.backends.mkl.is_available():
        return "MKL"
    names = {m.group(0) for m in re.finditer(r"lib(openblas|blas|blis)[^/\s]*", open("/proc/self/maps").read())}
    return ", ".join(sorted(names)) or "unknown BLAS"


def main():
    if sys.argv[1:2] == ["memory"]:
        training = Training(**WORKLOADS[sys.argv[2]])
        for _ in range(int(sys.argv[3])):
            training.step()
        status = open("/proc/self/status").read()
        print(int(re.search(r"VmHWM:\s*(\d+) kB", status).group(1)) / 1024)
        return
    if sys.argv[2] != "0":
        torch.set_num_threads(int(sys.argv[2]))
    global clock
    clock = process_time if sys.argv[3] == "processor" else perf_counter
    server = Server()
    server.left @ server.right  # loads the BLAS, so that it can be named
    print(f"x-transformers in Python, torch {torch.__version__} ({blas()}), {torch.get_num_threads()} threads", flush=True)
    for line in sys.stdin:
        kind, workload, amount = line.split()
        print(json.dumps(server.run(kind, workload, int(amount))), flush=True)


main()
