#!/usr/bin/env python3
"""run.py - the same work in fdml and in FAISS, scikit-learn and OpenBLAS, side by side.

`make bench-peers` installs the peers and calls this. Every item is run in alternation (peer,
ours, peer, ours ...) so that a slow moment of the machine meets both, with the same number of
threads, each run in a process of its own. Only the work is timed: reading the data, building
an index object and copying into it are not, on either side. The table shows medians and
"ratio", the peer's median over ours: above 1 fdml is faster.

The answers are compared too: an item whose results do not agree is marked and fails the run.

Items (choose with --items):
  topk    all-pairs ten nearest by L2, the row itself left out       FAISS IndexFlatL2
  kmeans  Lloyd iterations from given centres (rows floor(i*n/k))    FAISS Clustering, scikit-learn
          An iteration is an assignment of all rows; inertia is that of the last one.
  gemm    single-precision C = A * B, square                         OpenBLAS through numpy

SPDX-License-Identifier: MIT
"""

import argparse
import json
import os
import platform
import statistics
import subprocess
import sys
import tempfile
import time


def arguments():
    p = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    p.add_argument("--bin", default="build/bin", help="folder of bench_eval and bench_kernels")
    p.add_argument("--out", help="write the results here as JSON")
    p.add_argument("--items", default="topk,kmeans,gemm")
    p.add_argument("--rounds", type=int, default=3, help="runs of each side [3]")
    p.add_argument("--threads", default="1,2", help="thread counts of topk and gemm [1,2]")
    p.add_argument("--n", type=int, default=60502, help="rows [60502, the test half of SOP]")
    p.add_argument("--dims", default="128,512", help="widths of topk [128,512]")
    p.add_argument("--classes", type=int, default=11316, help="classes of the data [11316]")
    p.add_argument("--top", type=int, default=10, help="neighbours [10]")
    p.add_argument("--kmeans-dim", type=int, default=128)
    p.add_argument("--clusters", type=int, default=11316)
    p.add_argument("--iterations", type=int, default=5, help="of k-means, at least 2 [5]")
    p.add_argument("--kmeans-threads", default="2")
    p.add_argument("--gemm", default="1024", help="sizes of gemm [1024]")
    p.add_argument("--peer", help=argparse.SUPPRESS)  # this process is one run of a peer
    p.add_argument("--job", help=argparse.SUPPRESS)
    return p.parse_args()


# --- one run of a peer, in a process of its own ---------------------------------------------


def require_openblas():
    """numpy and FAISS load whatever BLAS the system prefers; the reference one is no peer."""
    try:
        with open("/proc/self/maps", encoding="utf-8") as file:
            if "openblas" in file.read():
                return
    except OSError:
        return
    raise SystemExit("the BLAS in use is not OpenBLAS: see update-alternatives --list "
                     "libblas.so.3-x86_64-linux-gnu")


def peer_faiss_topk(job):
    import faiss
    import numpy as np

    require_openblas()
    faiss.omp_set_num_threads(job["threads"])
    x = np.load(job["data"])
    index = faiss.IndexFlatL2(x.shape[1])
    index.add(x)
    start = time.perf_counter()
    # FAISS cannot leave out the row itself: ask for one more and drop it.
    _, found = index.search(x, job["top"] + 1)
    seconds = time.perf_counter() - start
    own = np.arange(len(x))[:, None]
    keep = np.argsort(found == own, axis=1, kind="stable")[:, : job["top"]]
    np.save(job["neighbours"], np.take_along_axis(found, keep, axis=1).astype(np.int32))
    return {"seconds": seconds}


def first_centres(x, k):
    import numpy as np

    return np.ascontiguousarray(x[np.arange(k) * len(x) // k])


def peer_faiss_kmeans(job):
    import faiss
    import numpy as np

    require_openblas()
    faiss.omp_set_num_threads(job["threads"])
    x = np.load(job["data"])
    clustering = faiss.Clustering(x.shape[1], job["clusters"])
    clustering.niter = job["iterations"]
    clustering.max_points_per_centroid = len(x)  # no sampling
    clustering.min_points_per_centroid = 1
    faiss.copy_array_to_vector(first_centres(x, job["clusters"]).ravel(), clustering.centroids)
    index = faiss.IndexFlatL2(x.shape[1])
    start = time.perf_counter()
    clustering.train(x, index)
    seconds = time.perf_counter() - start
    # The objective of an iteration is that of its assignment, before the centres move.
    return {"seconds": seconds,
            "inertia": clustering.iteration_stats.at(job["iterations"] - 1).obj}


def peer_sklearn_kmeans(job):
    import warnings

    import numpy as np
    from sklearn.cluster import KMeans

    warnings.filterwarnings("ignore")
    x = np.load(job["data"])
    model = KMeans(
        n_clusters=job["clusters"], init=first_centres(x, job["clusters"]), n_init=1,
        max_iter=job["iterations"] - 1,  # it assigns once more after its last iteration
        tol=0.0, algorithm="lloyd",
    )
    start = time.perf_counter()
    model.fit(x)
    seconds = time.perf_counter() - start
    return {"seconds": seconds, "inertia": float(model.inertia_)}


def peer_openblas_gemm(job):
    import numpy as np

    require_openblas()
    n = job["size"]
    rng = np.random.default_rng(1)
    a = rng.standard_normal((n, n), dtype=np.float32)
    b = rng.standard_normal((n, n), dtype=np.float32)
    c = np.empty((n, n), dtype=np.float32)
    np.matmul(a, b, out=c)
    taken = []
    stop = time.perf_counter() + 1.0
    while time.perf_counter() < stop:
        start = time.perf_counter()
        np.matmul(a, b, out=c)
        taken.append(time.perf_counter() - start)
    return {"seconds": statistics.median(taken)}  # bench_kernels gives a median too


# --- the alternation ------------------------------------------------------------------------


def environment(threads):
    env = dict(os.environ)
    for name in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS", "BLIS_NUM_THREADS"):
        env[name] = str(threads)
    return env


def run(command, threads):
    done = subprocess.run(command, env=environment(threads), capture_output=True, text=True)
    if done.returncode != 0:
        raise SystemExit(f"run.py: {' '.join(command)}: exit {done.returncode}\n{done.stderr}")
    lines = [line for line in done.stdout.splitlines() if line.startswith("{")]
    if not lines:
        raise SystemExit(f"run.py: {' '.join(command)}: printed no JSON line")
    return json.loads(lines[-1])


def run_peer(name, job):
    return run([sys.executable, os.path.abspath(__file__), "--peer", name, "--job", json.dumps(job)],
               job["threads"])


def overlap(file_a, file_b, sample=2000):
    import numpy as np

    a, b = np.load(file_a), np.load(file_b)
    if a.shape != b.shape:
        return 0.0
    rows = np.linspace(0, len(a) - 1, min(sample, len(a))).astype(int)
    return sum(len(np.intersect1d(a[i], b[i])) for i in rows) / (len(rows) * a.shape[1])


def alternate(rounds, sides):
    """sides: name -> a function that runs once and returns its JSON. Returns lists of them."""
    results = {name: [] for name in sides}
    for _ in range(rounds):
        for name, once in sides.items():
            results[name].append(once())
    return results


def summary(item, threads, results, agrees, note):
    row = {"item": item, "threads": threads, "agrees": agrees, "note": note, "sides": {}}
    for name, runs in results.items():
        seconds = [one["seconds"] for one in runs]
        row["sides"][name] = {"median": statistics.median(seconds), "min": min(seconds),
                              "max": max(seconds), "seconds": seconds}
    ours = row["sides"]["fdml"]["median"]
    row["ratio"] = {name: side["median"] / ours
                    for name, side in row["sides"].items() if name != "fdml"}
    print_row(row)
    return row


def print_header():
    print(f"{'item':<28}{'threads':>8}  {'peer':<10}{'peer s':>10}{'fdml s':>10}{'ratio':>8}"
          "  answers", flush=True)


def print_row(row):
    ours = row["sides"]["fdml"]["median"]
    for name, ratio in row["ratio"].items():
        peer = row["sides"][name]["median"]
        verdict = row["note"] if row["agrees"] else "DIFFER: " + row["note"]
        print(f"{row['item']:<28}{row['threads']:>8}  {name:<10}{peer:>10.4f}{ours:>10.4f}"
              f"{ratio:>8.2f}  {verdict}", flush=True)


def make_data(args, dim, scratch):
    path = os.path.join(scratch, f"data{dim}.npy")
    if not os.path.exists(path):
        subprocess.run([f"{args.bin}/bench_eval", "data", "--n", str(args.n), "--dim", str(dim),
                        "--classes", str(args.classes), "--out", path], check=True,
                       stdout=subprocess.DEVNULL)
    return path


def topk(args, dim, threads, scratch):
    data = make_data(args, dim, scratch)
    theirs, ours = (os.path.join(scratch, f"{side}.npy") for side in ("theirs", "ours"))
    job = {"data": data, "threads": threads, "top": args.top, "neighbours": theirs}
    command = [f"{args.bin}/bench_eval", "topk", "--data", data, "--k", str(args.top),
               "--threads", str(threads), "--out-neighbours", ours]
    results = alternate(args.rounds, {"faiss": lambda: run_peer("faiss_topk", job),
                                      "fdml": lambda: run(command, threads)})
    share = overlap(theirs, ours)
    # Distances equal to the last bits of a float may be ordered otherwise.
    return summary(f"topk {args.n}x{dim} k={args.top}", threads, results, share > 0.999,
                   f"overlap {share:.5f}")


def kmeans(args, threads, scratch):
    data = make_data(args, args.kmeans_dim, scratch)
    job = {"data": data, "threads": threads, "clusters": args.clusters,
           "iterations": args.iterations}
    command = [f"{args.bin}/bench_eval", "kmeans", "--data", data, "--k", str(args.clusters),
               "--iterations", str(args.iterations), "--threads", str(threads)]
    results = alternate(args.rounds, {"faiss": lambda: run_peer("faiss_kmeans", job),
                                      "sklearn": lambda: run_peer("sklearn_kmeans", job),
                                      "fdml": lambda: run(command, threads)})
    inertia = {name: runs[-1]["inertia"] for name, runs in results.items()}
    worst = max(abs(value / inertia["fdml"] - 1) for value in inertia.values())
    return summary(f"kmeans {args.n}x{args.kmeans_dim} k={args.clusters}", threads, results,
                   worst < 1e-3, f"inertia within {100 * worst:.4f}%")


def gemm(args, size, threads):
    job = {"size": size, "threads": threads}
    command = [f"{args.bin}/bench_kernels", "gemm", "--m", str(size), "--n", str(size),
               "--k", str(size), "--threads", str(threads)]
    results = alternate(args.rounds, {"openblas": lambda: run_peer("openblas_gemm", job),
                                      "fdml": lambda: run(command, threads)})
    rate = 2e-9 * size**3
    ours = rate / statistics.median(one["seconds"] for one in results["fdml"])
    return summary(f"gemm {size}", threads, results, True, f"{ours:.0f} GFLOP/s")


def machine():
    name = platform.processor()
    try:
        with open("/proc/cpuinfo", encoding="utf-8") as file:
            name = next(line.split(":")[1].strip() for line in file if line.startswith("model name"))
    except (OSError, StopIteration):
        pass
    versions = {}
    for module in ("faiss", "sklearn", "numpy"):
        try:
            versions[module] = __import__(module).__version__
        except ImportError:
            pass
    return {"cpu": name, "cores": os.cpu_count(), "system": platform.platform(), **versions}


def main():
    args = arguments()
    if args.peer:
        print(json.dumps(globals()["peer_" + args.peer](json.loads(args.job))))
        return 0

    numbers = lambda text: [int(part) for part in text.split(",")]
    items = args.items.split(",")
    unknown = set(items) - {"topk", "kmeans", "gemm"}
    if unknown:
        raise SystemExit(f"run.py: unknown item {', '.join(sorted(unknown))}")
    rows = []
    about = machine()
    print(", ".join(f"{key} {value}" for key, value in about.items()))
    print_header()
    with tempfile.TemporaryDirectory() as scratch:
        if "topk" in items:
            for dim in numbers(args.dims):
                for threads in numbers(args.threads):
                    rows.append(topk(args, dim, threads, scratch))
        if "kmeans" in items:
            for threads in numbers(args.kmeans_threads):
                rows.append(kmeans(args, threads, scratch))
        if "gemm" in items:
            for size in numbers(args.gemm):
                for threads in numbers(args.threads):
                    rows.append(gemm(args, size, threads))
    if args.out:
        with open(args.out, "w", encoding="utf-8") as file:
            json.dump({"machine": about, "rounds": args.rounds, "rows": rows}, file, indent=1)
    return 0 if all(row["agrees"] for row in rows) else 1


if __name__ == "__main__":
    sys.exit(main())
