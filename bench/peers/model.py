#!/usr/bin/env python3
"""model.py - networks in fdml and in ONNX Runtime, PyTorch and oneDNN, side by side.

`make bench-peers` installs the peers and calls this. As in run.py every side is a process of its
own, the sides take turns (peer, ours, peer, ours ...) with the same number of threads, and medians
are told. "ratio" is the peer's median time over ours: above 1 fdml is faster; beside it stand the
lowest and highest ratio of a single round (with several --isa, one after the other). One run is timed from the call until the output is
there, again and again for --seconds.

All sides read the same weights and the same input and write their output; an output that is further
than --tolerance from ONNX Runtime's, in proportion to its largest value, is marked DIFFER and fails
the run.

  ort     ONNX Runtime for Node.js, all graph optimisations (ort.js). "MiB" holds node itself; an
          empty node process is measured beside it.
  torch   PyTorch, the fastest of six ways (torch_model.py).
  onednn  oneDNN's convolutions alone, each by its fastest implementation, warm (dnnl_conv.c): not
          the same work, but what a network's convolutions could cost.
  fdml    bench_model, once for each of --isa.

Then, per model and number of threads, in processes that stop at the first output: the time from
the start of the process until then, one image, and the peak memory so far.

The networks are torchvision's, and MobileFaceNet, with seeded weights (tests/golden/
torch_models.py), made in --work when they are not there; further files by --onnx FILE@3x112x112.

SPDX-License-Identifier: MIT
"""

import argparse
import json
import os
import platform
import shutil
import statistics
import subprocess
import sys
import time

HERE = os.path.dirname(os.path.abspath(__file__))
SHAPES = {"resnet18": (3, 224, 224), "resnet50": (3, 224, 224), "mobilenet_v2": (3, 224, 224),
          "mobilefacenet": (3, 112, 112)}
GIVEN = "../shared/models/mobilefacenet_kennethwang.onnx@3x112x112"


def arguments():
    p = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    p.add_argument("--bin", default="build/bin", help="folder of bench_model and peer_dnnl_conv")
    p.add_argument("--work", default="build/peers", help="folder of models and node_modules")
    p.add_argument("--out", help="write the results here as JSON")
    p.add_argument("--models", default=",".join(SHAPES))
    p.add_argument("--onnx", action="append", help="another model and its input's shape without the "
                   f"batch [{GIVEN}, where it is there]")
    p.add_argument("--sides", default="ort,torch,onednn,fdml")
    p.add_argument("--batches", default="1,8")
    p.add_argument("--threads", default="1,2")
    p.add_argument("--isa", default="best", help="of fdml: best, avx2 ...; a list is measured in turn")
    p.add_argument("--rounds", type=int, default=5, help="processes of each side [5]")
    p.add_argument("--seconds", type=float, default=2, help="of each process [2]")
    p.add_argument("--first-rounds", type=int, default=7, help="processes to the first output [7]")
    p.add_argument("--tolerance", type=float, default=1e-4)
    p.add_argument("--markdown", metavar="FILE", help="only print the tables of an earlier --out")
    p.add_argument("--quick", action="store_true",
                   help="ResNet-18 and MobileNetV2, one image, one thread, two short rounds")
    args = p.parse_args()
    if args.quick:
        args.models, args.batches, args.threads = "resnet18,mobilenet_v2", "1", "1"
        args.rounds, args.seconds, args.first_rounds, args.onnx = 2, 0.5, 2, []
        args.sides = ",".join(side for side in args.sides.split(",") if side != "onednn")
    unknown = set(args.sides.split(",")) - {"ort", "torch", "onednn", "fdml"}
    unknown |= set(filter(None, args.models.split(","))) - set(SHAPES)
    if unknown:
        raise SystemExit(f"model.py: unknown {', '.join(sorted(unknown))}")
    return args


# --- the networks ---------------------------------------------------------------------------


def prepare(args):
    """name -> {"onnx", "input", "weights" or None}; makes what is not there."""
    import numpy as np

    folder = os.path.join(args.work, "models")
    os.makedirs(folder, exist_ok=True)
    wanted = {name: (os.path.join(folder, name + ".onnx"), SHAPES[name])
              for name in args.models.split(",") if name}
    missing = [name for name, (path, _) in wanted.items() if not os.path.exists(path)]
    if missing:
        script = os.path.join(HERE, "../../tests/golden/torch_models.py")
        subprocess.run([sys.executable, script, "--out", folder, "--models", ",".join(missing)],
                       check=True, stdout=subprocess.DEVNULL)
    given = args.onnx
    if given is None:
        given = [GIVEN] if os.path.exists(GIVEN.rpartition("@")[0]) else []
        if not given:
            print(f"left out: {GIVEN.rpartition('@')[0]} is not there")
    for text in given:
        path, _, shape = text.rpartition("@")
        wanted[os.path.basename(path).removesuffix(".onnx")] = (
            path, tuple(int(part) for part in shape.split("x")))
    models = {}
    most = max(numbers(args.batches))
    for name, (path, shape) in wanted.items():
        x = np.random.default_rng(1).standard_normal((most, *shape), dtype=np.float32)
        np.save(os.path.join(folder, name + "_bench.npy"), x)
        weights = os.path.join(folder, name + ".safetensors")
        models[name] = {"onnx": path, "input": os.path.join(folder, name + "_bench.npy"),
                        "weights": weights if name in SHAPES else None}
    return models


# --- the sides ------------------------------------------------------------------------------


def numbers(text):
    return [int(part) for part in text.split(",")]


def commands(args, name, model, batch, threads):
    """side -> its command, without the output and the duration."""
    common = ["--input", model["input"], "--batch", str(batch), "--threads", str(threads)]
    sides = {}
    for side in args.sides.split(","):
        if side == "ort":
            sides[side] = ["node", os.path.join(HERE, "ort.js"), model["onnx"], *common,
                           "--modules", os.path.join(args.work, "node_modules")]
        elif side == "torch" and model["weights"]:
            sides[side] = [sys.executable, os.path.join(HERE, "torch_model.py"), name, *common,
                           "--weights", model["weights"]]
        elif side == "fdml":
            for isa in args.isa.split(","):
                sides["fdml" if isa == "best" else "fdml " + isa] = [
                    f"{args.bin}/bench_model", model["onnx"], *common, "--json",
                    *([] if isa == "best" else ["--isa", isa])]
    return sides


def run(command, threads):
    """The JSON line of a process, and "start_seconds": from its start until it says "first"."""
    env = dict(os.environ, OMP_NUM_THREADS=str(threads), OPENBLAS_NUM_THREADS=str(threads))
    start, first, line, found = time.perf_counter(), None, "", None
    with subprocess.Popen(command, env=env, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
                          text=True) as process:
        for line in process.stdout:
            if line == "first\n" and first is None:
                first = time.perf_counter() - start
            elif line.startswith("{"):
                found = json.loads(line)
        errors = process.stderr.read()
    if process.returncode != 0 or found is None:
        raise SystemExit(f"model.py: {' '.join(command)}: exit {process.returncode}\n{errors}")
    found["start_seconds"] = first
    return found


def alternate(rounds, sides, threads, extra):
    results = {side: [] for side in sides}
    for _ in range(rounds):
        for side, command in sides.items():
            results[side].append(run(command + extra(side), threads))
    return results


def spread(peer, ours):
    """The ratio of medians, and the lowest and highest of a round."""
    each = [a / b for a, b in zip(peer, ours)]
    return {"median": statistics.median(peer) / statistics.median(ours),
            "low": min(each), "high": max(each)}


# --- steady speed ---------------------------------------------------------------------------


def difference(path, reference):
    import numpy as np

    a, b = np.load(path), np.load(reference)
    if a.size != b.size:
        return float("inf")
    a, b = a.reshape(-1).astype(np.float64), b.reshape(-1).astype(np.float64)
    return float(np.abs(a - b).max() / np.abs(b).max()) if np.isfinite(a).all() else float("inf")


def onednn(args, name, batch, threads):
    command = [f"{args.bin}/peer_dnnl_conv", "--net", name, "--batch", str(batch), "--threads",
               str(threads), "--seconds", str(args.seconds / 10)]
    return run(command, threads)


def steady(args, name, model, batch, threads):
    sides = commands(args, name, model, batch, threads)
    path = lambda side: os.path.join(args.work, side.replace(" ", "_") + ".npy")
    results = alternate(args.rounds, sides, threads,
                        lambda side: ["--seconds", str(args.seconds), "--output", path(side)])
    row = {"model": name, "batch": batch, "threads": threads, "agrees": True, "sides": {}}
    reference = "ort" if "ort" in sides else next(iter(sides))
    for side, runs in results.items():
        seconds = [one["seconds"] for one in runs]
        about = {"median": statistics.median(seconds), "seconds": seconds,
                 "peak_bytes": statistics.median(one["peak_bytes"] for one in runs)}
        if "way" in runs[-1]:
            about["way"] = runs[-1]["way"]
        if side != reference:
            about["difference"] = difference(path(side), path(reference))
            row["agrees"] &= about["difference"] <= args.tolerance
        row["sides"][side] = about
    if "onednn" in args.sides and name in SHAPES:
        seconds = onednn(args, name, batch, threads)["seconds"]
        row["sides"]["onednn"] = {"median": seconds, "seconds": [seconds] * args.rounds}
    for ours in (side for side in sides if side.startswith("fdml")):
        row.setdefault("ratio", {})[ours] = {
            side: spread(about["seconds"], row["sides"][ours]["seconds"])
            for side, about in row["sides"].items() if not side.startswith("fdml")}
    print_steady(row, args.tolerance)
    return row


def ratios(row, side, key):
    """"1.31 (1.28-1.35)" for each fdml side, in order."""
    told = [f"{ratio[side]['median']:5.2f} ({ratio[side]['low']:.2f}-{ratio[side]['high']:.2f})"
            for ratio in row.get(key, {}).values() if side in ratio]
    return "  ".join(told)


def print_steady(row, tolerance):
    for side, about in row["sides"].items():
        notes = []
        if "peak_bytes" in about:
            notes.append(f"{about['peak_bytes'] / 2**20:6.0f} MiB")
        if "difference" in about:
            mark = "" if about["difference"] <= tolerance else "DIFFER: "
            notes.append(f"{mark}{about['difference']:.1e} off")
        if side == "onednn":
            notes.append("convolutions alone")
        notes.append(about.get("way", ""))
        print(f"{row['model'][:26]:<26}{row['batch']:>6}{row['threads']:>8}  {side:<12}"
              f"{row['batch'] / about['median']:>9.1f}{1e3 * about['median']:>10.3f}  "
              f"{ratios(row, side, 'ratio'):<18}  {'  '.join(notes)}".rstrip(), flush=True)


# --- the first output -----------------------------------------------------------------------


def first(args, name, model, threads):
    sides = commands(args, name, model, 1, threads)
    results = alternate(args.first_rounds, sides, threads, lambda _: ["--once"])
    row = {"model": name, "threads": threads, "sides": {}}
    for side, runs in results.items():
        seconds = [one["start_seconds"] for one in runs]
        row["sides"][side] = {"median": statistics.median(seconds), "seconds": seconds,
                              "peak_bytes": statistics.median(one["peak_bytes"] for one in runs)}
    for ours in (side for side in sides if side.startswith("fdml")):
        row.setdefault("ratio", {})[ours] = {
            side: spread(about["seconds"], row["sides"][ours]["seconds"])
            for side, about in row["sides"].items() if not side.startswith("fdml")}
    for side, about in row["sides"].items():
        print(f"{name[:26]:<26}{threads:>8}  {side:<12}{1e3 * about['median']:>10.1f}"
              f"{about['peak_bytes'] / 2**20:>8.0f}  {ratios(row, side, 'ratio')}".rstrip(),
              flush=True)
    return row


def empty_node():
    command = ["node", os.path.join(HERE, "ort.js"), "--nothing"]
    return statistics.median(run(command, 1)["peak_bytes"] for _ in range(3))


# --- tables for docs/performance.md ---------------------------------------------------------


def cell(about, batch, ratio=None):
    """"18.1", or "18.1 (1.31)" with the ratio of medians."""
    if not about:
        return ""
    told = f"{batch / about['median']:.1f}"
    return f"{told} ({ratio['median']:.2f})" if ratio else told


def print_markdown(result):
    ours = [side for side in result["steady"][0]["sides"] if side.startswith("fdml")]
    peers = ["ort", "torch", "onednn"]
    print("| network | batch | threads | " + " | ".join(ours + peers) + " | MiB fdml | MiB ort |")
    print("|---" * (5 + len(ours) + len(peers)) + "|")
    for row in result["steady"]:
        sides, ratio = row["sides"], row.get("ratio", {}).get(ours[0], {}) if ours else {}
        cells = [cell(sides.get(side), row["batch"], ratio.get(side)) for side in ours + peers]
        cells += [f"{sides[side]['peak_bytes'] / 2**20:.0f}" if side in sides else ""
                  for side in (ours[:1] or ["fdml"]) + ["ort"]]
        print(f"| {row['model']} | {row['batch']} | {row['threads']} | " + " | ".join(cells) + " |")
    print("\n| network | threads | " + " | ".join(f"{side} ms" for side in ours + peers[:2]) + " |")
    print("|---" * (2 + len(ours) + 2) + "|")
    for row in result["first"]:
        cells = [f"{1e3 * row['sides'][side]['median']:.0f}" if side in row["sides"] else ""
                 for side in ours + peers[:2]]
        print(f"| {row['model']} | {row['threads']} | " + " | ".join(cells) + " |")


# --- the machine ----------------------------------------------------------------------------


def machine(args):
    about = {"cpu": platform.processor(), "cores": os.cpu_count(), "system": platform.platform()}
    try:
        with open("/proc/cpuinfo", encoding="utf-8") as file:
            about["cpu"] = next(line.split(":")[1].strip() for line in file
                                if line.startswith("model name"))
    except (OSError, StopIteration):
        pass
    if "ort" in args.sides:
        package = os.path.join(args.work, "node_modules/onnxruntime-node/package.json")
        with open(package, encoding="utf-8") as file:
            about["onnxruntime"] = json.load(file)["version"]
        about["node"] = subprocess.run(["node", "--version"], capture_output=True, text=True,
                                       check=True).stdout.strip()
    if "torch" in args.sides:
        import torch

        about["torch"] = torch.__version__
    return about


def check_sides(args):
    """oneDNN is left out where dnnl_conv.c could not be built: it speaks one version's API."""
    needs = {"ort": "node", "onednn": f"{args.bin}/peer_dnnl_conv", "fdml": f"{args.bin}/bench_model"}
    there = []
    for side in args.sides.split(","):
        if side not in needs or shutil.which(needs[side]):
            there.append(side)
        elif side == "onednn":
            print(f"left out: {needs[side]} was not built")
        else:
            raise SystemExit(f"model.py: {side}: {needs[side]} is not there; see --sides")
    args.sides = ",".join(there)


def main():
    args = arguments()
    if args.markdown:
        with open(args.markdown, encoding="utf-8") as file:
            print_markdown(json.load(file))
        return 0
    check_sides(args)
    about = machine(args)
    print(", ".join(f"{key} {value}" for key, value in about.items()))
    models = prepare(args)
    result = {"machine": about, "rounds": args.rounds, "seconds": args.seconds, "steady": [],
              "first": []}
    print(f"{'model':<26}{'batch':>6}{'threads':>8}  {'side':<12}{'images/s':>9}{'ms':>10}  "
          f"{'ratio':>5} (rounds)      memory, output", flush=True)
    for name, model in models.items():
        for batch in numbers(args.batches):
            for threads in numbers(args.threads):
                result["steady"].append(steady(args, name, model, batch, threads))
    if args.first_rounds:
        print(f"\nfrom the start to the first output, one image\n{'model':<26}{'threads':>8}  "
              f"{'side':<12}{'ms':>10}{'MiB':>8}  ratio (rounds)", flush=True)
        for name, model in models.items():
            for threads in numbers(args.threads):
                result["first"].append(first(args, name, model, threads))
    if "ort" in args.sides:
        result["empty_node_bytes"] = empty_node()
        print(f"an empty node process: {result['empty_node_bytes'] / 2**20:.0f} MiB")
    if args.out:
        with open(args.out, "w", encoding="utf-8") as file:
            json.dump(result, file, indent=1)
    return 0 if all(row["agrees"] for row in result["steady"]) else 1


if __name__ == "__main__":
    sys.exit(main())
