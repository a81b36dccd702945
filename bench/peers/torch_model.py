#!/usr/bin/env python3
"""torch_model.py - a network in PyTorch: one process, one JSON line, as bench_model prints it.

    torch_model.py NAME --weights NAME.safetensors --input IN.npy [--output OUT.npy] [--batch N]
                   [--threads T] [--seconds S] [--once]

NAME is one of tests/golden/torch_models.py, up to its embedding. Under inference_mode with T
threads, in six ways: eager, frozen by TorchScript (which folds batch normalisation), and optimised for
inference as well (which may hand convolutions to oneDNN), each with the plain layout and with
channels_last. Each is tried for a fifth of the time, and the fastest is then timed; "way" says
which. --once takes the eager way, which starts soonest, and stops at the first output, after the
word "first".

SPDX-License-Identifier: MIT
"""

import argparse
import json
import os
import statistics
import struct
import sys
import time
import warnings

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "../../tests/golden"))


def arguments():
    p = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    p.add_argument("name")
    p.add_argument("--weights", required=True)
    p.add_argument("--input", required=True)
    p.add_argument("--output")
    p.add_argument("--batch", type=int, default=1)
    p.add_argument("--threads", type=int, default=1)
    p.add_argument("--seconds", type=float, default=2)
    p.add_argument("--once", action="store_true")
    return p.parse_args()


def read_safetensors(path):
    """float32 and int64 tensors of a .safetensors file, by name."""
    import numpy as np
    import torch

    kinds = {"F32": "<f4", "I64": "<i8"}
    with open(path, "rb") as file:
        (size,) = struct.unpack("<Q", file.read(8))
        header = json.loads(file.read(size))
        data = bytearray(file.read())
    header.pop("__metadata__", None)
    tensors = {}
    for name, about in header.items():
        begin, end = about["data_offsets"]
        items = np.frombuffer(data, kinds[about["dtype"]], offset=begin,
                              count=(end - begin) // int(kinds[about["dtype"]][-1]))
        tensors[name] = torch.from_numpy(items.reshape(about["shape"]))
    return tensors


def peak_bytes():
    with open("/proc/self/status", encoding="ascii") as file:
        return next(1024 * int(line.split()[1]) for line in file if line.startswith("VmHWM"))


def ways(net, x):
    """Name, what to call and with what; each pair must be used before the next is asked for,
    since changing the layout changes the network in place."""
    import torch

    for suffix, layout in (("", torch.contiguous_format), (", channels_last", torch.channels_last)):
        net, x = net.to(memory_format=layout), x.to(memory_format=layout)
        yield "eager" + suffix, net, x
        frozen = torch.jit.freeze(torch.jit.trace(net, x))
        yield "frozen" + suffix, frozen, x
        yield "optimised" + suffix, torch.jit.optimize_for_inference(frozen), x


def run_for(call, x, seconds):
    taken = []
    stop = time.perf_counter() + seconds
    while len(taken) < 3 or time.perf_counter() < stop:
        start = time.perf_counter()
        call(x)
        taken.append(time.perf_counter() - start)
    return taken


def main():
    args = arguments()
    warnings.filterwarnings("ignore")
    import numpy as np
    import torch
    from torch_models import MODELS, Embedding

    torch.set_num_threads(args.threads)
    start = time.perf_counter()
    net = MODELS[args.name]()
    net.load_state_dict(read_safetensors(args.weights))
    net = Embedding(net).eval()
    loaded = time.perf_counter() - start
    x = torch.from_numpy(np.load(args.input)[: args.batch].copy())
    result = {"peer": "torch", "version": torch.__version__, "model": args.name,
              "batch": args.batch, "threads": args.threads, "load_seconds": loaded}
    with torch.inference_mode():
        y = net(x)
        print("first", flush=True)
        if not args.once:
            tried = []
            for name, call, given in ways(net, x):
                run_for(call, given, 0)  # TorchScript optimises in its first runs
                taken = run_for(call, given, 0.2 * args.seconds)
                tried.append((statistics.median(taken), name, call, given))
            _, result["way"], call, given = min(tried, key=lambda one: one[0])
            result["ways"] = {name: args.batch / median for median, name, _, _ in tried}
            taken = run_for(call, given, args.seconds)
            y = call(given)
            result.update(runs=len(taken), seconds=statistics.median(taken),
                          best_seconds=min(taken),
                          images_per_second=args.batch / statistics.median(taken))
        if args.output:
            np.save(args.output, y.numpy())
    result["peak_bytes"] = peak_bytes()
    print(json.dumps(result))


if __name__ == "__main__":
    main()
