#!/usr/bin/env python3
"""image.py - decoding and resizing pictures in fdml and in PIL, side by side.

For every number of threads the two alternate, each run a process of its own: PIL does
Image.open(f).convert("RGB").resize((S, S), Image.BILINEAR) in that many processes (forked once,
before the clock starts), fdml the same and the float planes besides. The table shows medians of
pictures a second, and "ratio", ours over PIL's. The bytes are compared: more than one in a
hundred different, or any by more than 1, fails the run.

  bench/peers/image.py [--bin build/bin] [--size 224] [--threads 1,2] [--rounds 5] [--repeat 1] PICTURE...

Folders are searched for .jpg and .png.

SPDX-License-Identifier: MIT
"""
import argparse
import json
import multiprocessing
import pathlib
import statistics
import subprocess
import sys
import tempfile
import time

import numpy as np
import PIL
from PIL import Image, features


def arguments():
    p = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    p.add_argument("pictures", nargs="+")
    p.add_argument("--bin", default="build/bin", help="folder of bench_image")
    p.add_argument("--size", type=int, default=224)
    p.add_argument("--threads", default="1,2")
    p.add_argument("--rounds", type=int, default=5, help="runs of each side [5]")
    p.add_argument("--repeat", type=int, default=1, help="take each picture so often [1]")
    p.add_argument("--out", help="write the results here as JSON")
    p.add_argument("--peer", type=int, help=argparse.SUPPRESS)  # a run of PIL: its processes
    return p.parse_args()


def find(paths):
    found = []
    for path in map(pathlib.Path, paths):
        inside = sorted(q for q in path.rglob("*") if q.suffix in (".jpg", ".png"))
        found += inside if path.is_dir() else [path]
    return [str(p) for p in found]


def resized(path, size):
    return Image.open(path).convert("RGB").resize((size, size), Image.BILINEAR)


def some(job):
    for path in job[0]:
        resized(path, job[1])


def run_peer(files, size, n_processes):
    """Seconds of the median of five rounds; the first one is not timed."""
    jobs = [(files[i::n_processes], size) for i in range(n_processes)]
    seconds = []
    with multiprocessing.get_context("fork").Pool(n_processes) as pool:
        for _ in range(6):
            start = time.perf_counter()
            if n_processes == 1:
                some(jobs[0])
            else:
                pool.map(some, jobs, chunksize=1)
            seconds.append(time.perf_counter() - start)
    return statistics.median(seconds[1:])


def main():
    o = arguments()
    if o.peer:
        files = [line.strip() for line in sys.stdin]
        print(run_peer(files, o.size, o.peer))
        return 0
    files = find(o.pictures) * o.repeat
    rows = []
    with tempfile.TemporaryDirectory() as folder:
        listed, planes = f"{folder}/list", f"{folder}/planes"
        pathlib.Path(listed).write_text("\n".join(files) + "\n", encoding="utf-8")
        ours = [f"{o.bin}/bench_image", listed, "--size", str(o.size), "--threads"]
        peer = [sys.executable, __file__, "--size", str(o.size), "x", "--peer"]
        subprocess.run([*ours, "1", "--rounds", "1", "--out", planes], check=True,
                       stdout=subprocess.DEVNULL)
        got = np.fromfile(planes, np.float32).reshape(-1, 3, o.size, o.size)
        worst, different = 0, 0
        for i, path in enumerate(files):
            want = np.asarray(resized(path, o.size)).transpose(2, 0, 1)
            gap = np.abs(got[i] - want)
            worst = max(worst, int(gap.max()))
            different += int((gap > 0).sum())
        for n_threads in o.threads.split(","):
            runs = {"PIL": [], "fdml": []}
            for _ in range(o.rounds):
                text = subprocess.run([*peer, n_threads], check=True, text=True,
                                      input="\n".join(files), stdout=subprocess.PIPE).stdout
                runs["PIL"].append(len(files) / float(text))
                text = subprocess.run([*ours, n_threads], check=True, text=True,
                                      stdout=subprocess.PIPE).stdout
                runs["fdml"].append(json.loads(text)["pictures_per_second"])
            rows.append({"threads": int(n_threads),
                         **{name: statistics.median(runs[name]) for name in runs}})
    jpeg = features.version("libjpeg_turbo") or features.version("jpg")
    print(f"{len(files)} pictures to {o.size} x {o.size}; Pillow {PIL.__version__}, "
          f"libjpeg-turbo {jpeg}; pictures a second")
    print(f"{'threads':>7} {'PIL':>9} {'fdml':>9} {'ratio':>6}")
    for row in rows:
        row["ratio"] = row["fdml"] / row["PIL"]
        print(f"{row['threads']:7d} {row['PIL']:9.1f} {row['fdml']:9.1f} {row['ratio']:6.2f}")
    print(f"bytes: {different} of {got.size} differ, by at most {worst}")
    if o.out:
        result = {"pictures": len(files), "rows": rows, "different": different, "worst": worst}
        pathlib.Path(o.out).write_text(json.dumps(result, indent=1) + "\n", encoding="utf-8")
    return int(worst > 1 or different * 100 > got.size)


if __name__ == "__main__":
    sys.exit(main())
