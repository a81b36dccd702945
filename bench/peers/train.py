#!/usr/bin/env python3
"""train.py - a training step in fdml and in PyTorch, side by side.

`make bench-peers PEERS=train` calls this. A step is forward, backward and Adam, of a network with a
head of 128 numbers behind it. As in model.py every side is a process of its own, the sides take turns
with the same number of threads, and medians are told; "ratio" is PyTorch's median time over ours, with
the lowest and highest ratio of a single round.

PyTorch is first tried in four ways, plain layout and channels_last, Adam weight by weight and all at
once ("foreach"); the fastest takes part. Memory is the largest the process had, which for PyTorch
includes Python, and for both the first weights. Both sides must train equally many numbers. That they
compute the same is for `make golden` to show.

SPDX-License-Identifier: MIT
"""

import argparse
import itertools
import json
import os
import shutil
import statistics
import sys

sys.dont_write_bytecode = True
from model import alternate, machine, numbers, run, spread  # noqa: E402

HERE = os.path.dirname(os.path.abspath(__file__))
CASES = "resnet18@64x112,resnet18@224x16,resnet50@224x16,resnet50@64x112,cnn4@32x80"
QUICK = "resnet18@64x8,cnn4@32x80"


def arguments():
    p = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    p.add_argument("--bin", default="build/bin", help="folder of bench_train")
    p.add_argument("--out", help="write the results here as JSON")
    p.add_argument("--cases", default=CASES, help=f"NETWORK@SIDExBATCH,... [{CASES}]")
    p.add_argument("--threads", default="1,2")
    p.add_argument("--isa", default="best", help="of fdml: best, avx2 ...; a list is measured in turn")
    p.add_argument("--freeze", action="store_true", help="batch normalisation is frozen")
    p.add_argument("--rounds", type=int, default=5, help="processes of each side [5]")
    p.add_argument("--seconds", type=float, default=5,
                   help="of each process, which makes three steps or more [5]")
    p.add_argument("--markdown", metavar="FILE", help="only print the table of an earlier --out")
    p.add_argument("--quick", action="store_true", help=f"{QUICK}, one thread, two short rounds")
    args = p.parse_args()
    if args.quick:
        args.cases, args.threads, args.rounds, args.seconds = QUICK, "1", 2, 0.3
    args.sides = "torch,fdml"  # what model.machine() asks for
    if not args.markdown and not shutil.which(f"{args.bin}/bench_train"):
        raise SystemExit(f"train.py: {args.bin}/bench_train is not there")
    return args


def cases(text):
    """(network, side, batch) of "resnet18@64x112,..."."""
    for one in text.split(","):
        net, _, shape = one.partition("@")
        side, _, batch = shape.partition("x")
        if not (net and side.isdigit() and batch.isdigit()):
            raise SystemExit(f"train.py: '{one}' is not NETWORK@SIDExBATCH")
        yield net, int(side), int(batch)


def torch_command(args, common):
    """The fastest way, by a short process of each."""
    best = None
    for layout, adam in itertools.product(("plain", "channels_last"), ("loop", "foreach")):
        command = [sys.executable, os.path.join(HERE, "torch_step.py"), *common,
                   "--layout", layout, "--adam", adam]
        threads = int(common[common.index("--threads") + 1])
        seconds = run(command + ["--seconds", str(args.seconds / 5)], threads)["seconds"]
        if best is None or seconds < best[0]:
            best = seconds, command
    return best[1]


def measure(args, net, side, batch, threads):
    common = [net, "--size", str(side), "--batch", str(batch), "--threads", str(threads),
              *(["--freeze"] if args.freeze else [])]
    commands = {"torch": torch_command(args, common)}
    for isa in args.isa.split(","):
        commands["fdml" if isa == "best" else "fdml " + isa] = [
            f"{args.bin}/bench_train", *common, "--json", *([] if isa == "best" else ["--isa", isa])]
    results = alternate(args.rounds, commands, threads, lambda _: ["--seconds", str(args.seconds)])
    row = {"model": net, "size": side, "batch": batch, "threads": threads,
           "norm": "frozen" if args.freeze else "batch", "sides": {}, "ratio": {}}
    for name, runs in results.items():
        row["sides"][name] = {key: statistics.median(one[key] for one in runs) for key in (
            "seconds", "forward_seconds", "backward_seconds", "update_seconds", "cpu_seconds",
            "peak_bytes", "weights")}
        row["sides"][name]["rounds"] = [one["seconds"] for one in runs]
        row["sides"][name]["way"] = runs[-1].get("way", "")
    row["agrees"] = len({about["weights"] for about in row["sides"].values()}) == 1
    for name in commands:
        if name != "torch":
            row["ratio"][name] = spread(row["sides"]["torch"]["rounds"], row["sides"][name]["rounds"])
    print_row(row)
    return row


def print_row(row):
    for name, about in row["sides"].items():
        ratio = row["ratio"].get(name)
        told = f"{ratio['median']:5.2f} ({ratio['low']:.2f}-{ratio['high']:.2f})" if ratio else ""
        parts = "  ".join(f"{1e3 * about[part + '_seconds']:9.1f}"
                          for part in ("forward", "backward", "update"))
        notes = about["way"] if row["agrees"] else f"DIFFER: {about['weights']:.0f} numbers are trained"
        print(f"{row['model']:<14}{row['size']:>5}{row['batch']:>6}{row['threads']:>8}  {name:<12}"
              f"{row['batch'] / about['seconds']:>9.1f}{1e3 * about['seconds']:>10.1f}  {parts}"
              f"{about['peak_bytes'] / 2**20:>8.0f}  {told:<19}{notes}".rstrip(), flush=True)


def print_markdown(result):
    """For docs/performance.md: pictures a second, and the ratio of times."""
    ours = list(result["steps"][0]["ratio"])
    print("| network | side | batch | threads | " + " | ".join(ours) + " | torch | MiB "
          + f"{ours[0]} | MiB torch |")
    print("|---" * (7 + len(ours)) + "|")
    for row in result["steps"]:
        sides = row["sides"]
        cells = [f"{row['batch'] / sides[name]['seconds']:.1f} ({row['ratio'][name]['median']:.2f})"
                 for name in ours]
        cells.append(f"{row['batch'] / sides['torch']['seconds']:.1f}")
        cells += [f"{sides[name]['peak_bytes'] / 2**20:.0f}" for name in (ours[0], "torch")]
        print(f"| {row['model']} | {row['size']} | {row['batch']} | {row['threads']} | "
              + " | ".join(cells) + " |")


def main():
    args = arguments()
    if args.markdown:
        with open(args.markdown, encoding="utf-8") as file:
            print_markdown(json.load(file))
        return 0
    about = machine(args)
    print(", ".join(f"{key} {value}" for key, value in about.items()))
    print(f"{'network':<14}{'side':>5}{'batch':>6}{'threads':>8}  {'by':<12}{'images/s':>9}{'ms':>10}  "
          f"{'forward':>9}  {'backward':>9}  {'update':>9}{'MiB':>8}  ratio (rounds)", flush=True)
    result = {"machine": about, "rounds": args.rounds, "seconds": args.seconds, "steps": []}
    for net, side, batch in list(cases(args.cases)):
        for threads in numbers(args.threads):
            result["steps"].append(measure(args, net, side, batch, threads))
    if args.out:
        with open(args.out, "w", encoding="utf-8") as file:
            json.dump(result, file, indent=1)
    return 0 if all(row["agrees"] for row in result["steps"]) else 1


if __name__ == "__main__":
    sys.exit(main())
