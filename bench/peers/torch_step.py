#!/usr/bin/env python3
"""torch_step.py - a training step in PyTorch: one process, one JSON line, as bench_train prints it.

    torch_step.py NAME [--batch N] [--size N] [--threads T] [--seconds S] [--freeze]
                  [--layout plain|channels_last] [--adam loop|foreach]

NAME is one of tests/golden/torch_models.py up to its embedding; behind it a linear head of 128
numbers at unit length. Pictures and the embedding's gradient are given, Adam (weight decay 4e-4)
moves all weights; --freeze: batch normalisation is frozen. One step warms up, medians of the others
are told.

SPDX-License-Identifier: MIT
"""

import argparse
import json
import os
import resource
import statistics
import sys
import time
import warnings

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, os.path.join(HERE, "../../tests/golden"))
sys.dont_write_bytecode = True
DIM, MIN_RUNS = 128, 3


def arguments():
    p = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    p.add_argument("name")
    p.add_argument("--batch", type=int, default=16)
    p.add_argument("--size", type=int, default=224)
    p.add_argument("--threads", type=int, default=1)
    p.add_argument("--seconds", type=float, default=5)
    p.add_argument("--freeze", action="store_true")
    p.add_argument("--layout", choices=("plain", "channels_last"), default="plain")
    p.add_argument("--adam", choices=("loop", "foreach"), default="loop")
    return p.parse_args()


def peak_bytes():
    """VmHWM where there is one: ru_maxrss remembers what the process was before it was Python."""
    try:
        with open("/proc/self/status", encoding="ascii") as file:
            return next(1024 * int(line.split()[1]) for line in file if line.startswith("VmHWM"))
    except OSError:
        unit = 1 if sys.platform == "darwin" else 1024
        return unit * resource.getrusage(resource.RUSAGE_SELF).ru_maxrss


def cpu_seconds():
    use = resource.getrusage(resource.RUSAGE_SELF)
    return use.ru_utime + use.ru_stime


def make(args):
    """The step as a function that gives the seconds of forward, backward, update and all."""
    import torch
    from torch import nn
    from torch_models import MODELS, Embedding

    class Net(nn.Module):
        def __init__(self):
            super().__init__()
            self.trunk = Embedding(MODELS[args.name]())
            for classifier in ("fc", "classifier"):  # which Embedding does not use
                if hasattr(self.trunk.net, classifier):
                    setattr(self.trunk.net, classifier, nn.Identity())
            self.trunk.eval()
            with torch.no_grad():
                columns = self.trunk(torch.zeros(1, 3, args.size, args.size)).shape[1]
            self.head = nn.Linear(columns, DIM)

        def forward(self, x):
            return nn.functional.normalize(self.head(self.trunk(x)))

    torch.set_num_threads(args.threads)
    torch.manual_seed(1)
    layout = torch.channels_last if args.layout == "channels_last" else torch.contiguous_format
    net = Net().to(memory_format=layout).train()
    for part in net.modules():
        if args.freeze and isinstance(part, (nn.BatchNorm1d, nn.BatchNorm2d)):
            part.eval().requires_grad_(False)
    trained = [p for p in net.parameters() if p.requires_grad]
    adam = torch.optim.Adam(trained, lr=1e-5, weight_decay=4e-4, foreach=args.adam == "foreach")
    x = 2 * torch.rand(args.batch, 3, args.size, args.size).contiguous(memory_format=layout) - 1
    gradient = 2 * torch.rand(args.batch, DIM) - 1

    def step():
        start = time.perf_counter()
        f = net(x)
        forward = time.perf_counter()
        adam.zero_grad(set_to_none=True)
        f.backward(gradient)
        backward = time.perf_counter()
        adam.step()
        end = time.perf_counter()
        return forward - start, backward - forward, end - backward, end - start

    return step, sum(p.numel() for p in trained), torch.__version__


def main():
    args = arguments()
    warnings.filterwarnings("ignore")
    step, n_weights, version = make(args)
    step()
    taken, cpu, stop = [], cpu_seconds(), time.perf_counter() + args.seconds
    while len(taken) < MIN_RUNS or time.perf_counter() < stop:
        taken.append(step())
    cpu = (cpu_seconds() - cpu) / len(taken)
    forward, backward, update, whole = (statistics.median(part) for part in zip(*taken))
    print(json.dumps({
        "peer": "torch", "version": version, "model": args.name, "batch": args.batch,
        "size": args.size, "threads": args.threads, "norm": "frozen" if args.freeze else "batch",
        "way": f"{args.layout}, {args.adam}", "weights": n_weights, "runs": len(taken),
        "seconds": whole, "best_seconds": min(one[-1] for one in taken),
        "forward_seconds": forward, "backward_seconds": backward, "update_seconds": update,
        "cpu_seconds": cpu, "images_per_second": args.batch / whole, "peak_bytes": peak_bytes()}))


if __name__ == "__main__":
    main()
