#!/usr/bin/env python3
"""explain.py - LIME and a tree in fdml and in scikit-learn and NumPy, side by side.

    make bench-peers PEERS=explain PEERS_EXPLAIN_FLAGS="--rows 500"

The table is Adult (--table, --target, --protected, --split) where ../shared/tabular has it, else one that is
made with its shape. Sides run in alternation, each run in a process of its own; only the explanations of
the test rows are timed, not the black box's training, which is each side's own with equal settings.
"ratio" is the peer's median over ours: above 1 fdml is faster; "of cpu" is that of the processor seconds of
all threads, which a busy machine disturbs less.

  lime-logistic lime-mlp   5,000 samples a row. Peers:
    sklearn   StandardScaler, MLPClassifier or LogisticRegression predict_proba and Ridge, in double, one row
              after the other; BLAS has --threads threads
    numpy     the same sums written by hand in single precision on arrays that are made once: normals drawn
              as float32, the kernel, layers and weighted normal equations by matrix products; rows are shared
              out to --threads processes whose BLAS has one thread, the fastest that NumPy could be made
  tree      DecisionTreeClassifier(max_depth=6) on the black box's labels

Both draw other samples, and networks are trained from other first weights, so answers are compared as
statistics: of the logistic black box its own answers are within 1e-3 of each other on average, and the mean
of LIME's predictions within .005; of the network, and of the tree that is fitted to it, the AUROC is within
.06 (12 networks of scikit-learn and other first weights have .959 with a deviation of .008 to .014).

SPDX-License-Identifier: MIT
"""

import argparse
import csv
import json
import multiprocessing
import os
import resource
import statistics
import subprocess
import sys
import tempfile
import time

SHARED = os.path.join(os.path.dirname(os.path.abspath(__file__)), "../../../shared/tabular")
SAMPLES = 5000


def arguments():
    p = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    p.add_argument("--bin", default="build/bin", help="folder of bench_explain")
    p.add_argument("--out", help="write the results here as JSON")
    p.add_argument("--items", default="lime-logistic,lime-mlp,tree")
    p.add_argument("--peers", default="sklearn,numpy", help="of lime")
    p.add_argument("--rounds", type=int, default=3, help="runs of each side [3]")
    p.add_argument("--threads", type=int, default=2)
    p.add_argument("--rows", type=int, default=0, help="test rows [all]")
    p.add_argument("--table")
    p.add_argument("--target", default="income")
    p.add_argument("--protected", default="race,gender")
    p.add_argument("--split")
    p.add_argument("--peer", help=argparse.SUPPRESS)  # this process is one run of a peer
    return p.parse_args()


def make_table(folder):
    """Rows with the shape of Adult: four numbers, five categories."""
    import numpy as np

    random, n = np.random.RandomState(1), 48842
    numbers = random.normal(size=(n, 4))
    levels = [(random.uniform(size=n) ** 2 * k).astype(int) for k in (4, 7, 5, 6, 6)]
    score = numbers @ [0.8, -0.5, 0.3, 0.2] + sum(0.3 * v for v in levels) - 3 + numbers[:, 0] * numbers[:, 3]
    target = (score + random.normal(size=n) > 0).astype(int)
    path = os.path.join(folder, "table.csv")
    with open(path, "w", encoding="utf-8") as file:
        file.write("a,b,c,d,p,q,r,s,t,income\n")
        for i in range(n):
            file.write(",".join([f"{v:.6g}" for v in numbers[i]] + [f"L{v[i]}" for v in levels] + [str(target[i])]))
            file.write("\n")
    split = os.path.join(folder, "table.split")
    with open(split, "w", encoding="utf-8") as file:
        file.write("".join(random.permutation(list("TTTTTEEEVS" * (n // 10) + "T" * (n % 10)))) + "\n")
    return path, split


# --- one run of a peer, in a process of its own ------------------------------------------------


class Data:
    """The table as bench_explain sees it: categories as their place among sorted levels."""

    def __init__(self, args):
        import numpy as np

        with open(args.table, encoding="utf-8") as file:
            rows = list(csv.DictReader(file))
        names = [f for f in rows[0] if f != args.target and f not in args.protected.split(",")]
        self.y = np.array([int(float(row[args.target])) for row in rows])
        self.levels, columns = [], []
        for name in names:
            text = [row[name] for row in rows]
            try:
                columns.append([float(v) for v in text])
                self.levels.append(0)
            except ValueError:
                places = {v: i for i, v in enumerate(sorted(set(text)))}
                columns.append([places[v] for v in text])
                self.levels.append(len(places))
        self.x = np.array(columns, float).T.copy()
        with open(args.split, encoding="utf-8") as file:
            split = np.array(list(file.read().strip()))
        self.train, self.explain, self.test = (np.where(split == k)[0] for k in "TES")
        if args.rows:
            self.test = self.test[: args.rows]
        self.number = [f for f, n in enumerate(self.levels) if not n]
        self.category = [f for f, n in enumerate(self.levels) if n]

    def hot(self, x, dtype=float):
        """One-hot columns of the categories; what scikit-learn's encoder gives, without its checks."""
        import numpy as np

        out = np.zeros((len(x), sum(self.levels)), dtype)
        at, rows = 0, np.arange(len(x))
        for f in self.category:
            out[rows, at + x[:, f].astype(int)] = 1
            at += self.levels[f]
        return out


def train(data, kind):
    import numpy as np
    from sklearn.linear_model import LogisticRegression
    from sklearn.neural_network import MLPClassifier
    from sklearn.preprocessing import StandardScaler

    scaler = StandardScaler().fit(data.x[data.train][:, data.number])
    encode = lambda x: np.hstack([scaler.transform(x[:, data.number]), data.hot(x)])
    model = MLPClassifier((50,), random_state=1) if kind == "mlp" else LogisticRegression(
        C=1, solver="liblinear", random_state=1)
    return scaler, encode, model.fit(encode(data.x[data.train]), data.y[data.train])


def lime_sklearn(data, kind, job):
    """As a script would do it, one row after the other."""
    import numpy as np
    from sklearn.linear_model import Ridge
    from sklearn.preprocessing import StandardScaler

    _, encode, model = job
    own = StandardScaler().fit(data.x[data.explain])
    mean, deviation = own.mean_.copy(), own.scale_.copy()
    mean[data.category], deviation[data.category] = 0, 1
    width2 = 0.75**2 * len(data.levels)
    frequency = [np.bincount(data.x[data.explain, f].astype(int), minlength=data.levels[f])
                 / len(data.explain) for f in data.category]
    random, out = np.random.RandomState(1), np.empty((len(data.test), 2))
    for i, row in enumerate(data.test):
        x = random.normal(size=(SAMPLES, len(data.levels))) * deviation + mean
        for f, p in zip(data.category, frequency):
            x[:, f] = random.choice(data.levels[f], size=SAMPLES, p=p)
        x[0] = data.x[row]
        z = (x - mean) / deviation
        z[:, data.category] = x[:, data.category] == data.x[row, data.category]
        p = model.predict_proba(encode(x))[:, 1]
        weight = np.sqrt(np.exp(-((z - z[0]) ** 2).sum(1) / width2))
        ridge = Ridge(alpha=1).fit(z, p, sample_weight=weight)
        out[i] = p[0], ridge.predict(z[:1])[0]
    return out


def lime_numpy_part(data, kind, job, rows, seed):
    import numpy as np

    scaler, _, model = job
    f4, n, p = np.float32, SAMPLES, len(data.levels)
    if kind == "mlp":
        (w1, w2), (b1, b2) = ([a.astype(f4) for a in side] for side in (model.coefs_, model.intercepts_))
    else:
        w1, b1 = model.coef_.T.astype(f4), model.intercept_.astype(f4)
    number, category, k = data.number, data.category, len(data.number)
    mean, deviation = data.x[data.explain].mean(0), data.x[data.explain].std(0)
    # of a normal's number to what the black box's scaler makes of it
    scale = (deviation[number] / scaler.scale_).astype(f4)
    shift = ((mean[number] - scaler.mean_) / scaler.scale_).astype(f4)
    edges = [np.cumsum(np.bincount(data.x[data.explain, f].astype(int), minlength=data.levels[f]))[:-1].astype(f4)
             / f4(len(data.explain)) for f in category]
    begin = np.cumsum([k] + [data.levels[f] for f in category])
    inputs, z1 = np.zeros((n, begin[-1]), f4), np.ones((n, p + 1), f4)
    where, fall = np.arange(n), f4(-0.5 / (0.75**2 * p))
    random, out = np.random.default_rng(seed), np.empty((len(rows), 2))
    u, h = np.empty((n, len(category)), f4), np.empty((n, w1.shape[1]), f4)
    for i, row in enumerate(rows):
        z = random.standard_normal((n, k), dtype=f4)
        z[0] = (data.x[row, number] - mean[number]) / deviation[number]
        np.multiply(z, scale, out=inputs[:, :k])
        inputs[:, :k] += shift
        inputs[:, k:] = 0
        random.random(out=u, dtype=f4)
        for c, f in enumerate(category):
            level = np.searchsorted(edges[c], u[:, c], side="right")
            own = int(data.x[row, f])
            level[0] = own
            inputs[where, begin[c] + level] = 1
            z1[:, k + c] = level == own
        z1[:, :k] = z
        np.matmul(inputs, w1, out=h)
        h += b1
        score = h[:, 0]
        if kind == "mlp":
            np.maximum(h, 0, out=h)
            score = (h @ w2)[:, 0] + b2[0]
        y = 1 / (1 + np.exp(-score))
        d = z1 - z1[0]
        weight = np.exp(np.einsum("ij,ij->i", d, d) * fall)
        heavy = z1 * weight[:, None]
        a, right = (z1.T @ heavy).astype(float), (y @ heavy).astype(float)
        total, m, my = a[p, p], a[p, :p] / a[p, p], right[p] / a[p, p]
        a = a[:p, :p] - total * np.outer(m, m) + np.eye(p)
        coef = np.linalg.solve(a, right[:p] - total * m * my)
        out[i] = y[0], my + coef @ (z1[0, :p] - m)
    return out


def lime_numpy(data, kind, job, threads):
    import numpy as np

    if threads == 1:
        return lime_numpy_part(data, kind, job, data.test, 1)
    ends = [len(data.test) * t // threads for t in range(threads + 1)]
    pipes, workers = [], []
    for t in range(threads):
        receive, send = multiprocessing.Pipe(False)
        part = data.test[ends[t] : ends[t + 1]]
        worker = multiprocessing.Process(
            target=lambda to, rows, t: to.send((lime_numpy_part(data, kind, job, rows, t), peak())),
            args=(send, part, t))
        worker.start()
        pipes.append(receive)
        workers.append(worker)
    parts = [pipe.recv() for pipe in pipes]
    for worker in workers:
        worker.join()
    lime_numpy.peak = sum(part[1] for part in parts)
    return np.vstack([part[0] for part in parts])


def processor():
    """Seconds of all threads, and of processes that have ended."""
    own, ended = os.times()[:2], os.times()[2:4]
    return sum(own) + sum(ended)


def peak():
    return 1024.0 * resource.getrusage(resource.RUSAGE_SELF).ru_maxrss


def peer(args):
    import warnings

    import numpy as np
    from sklearn.metrics import roc_auc_score
    from sklearn.tree import DecisionTreeClassifier

    warnings.filterwarnings("ignore")
    item, side, out = args.peer.split(":")
    kind = "logistic" if item == "lime-logistic" else "mlp"
    data = Data(args)
    job = train(data, kind)
    if item == "tree":
        encode, model = job[1:]
        rows, test = encode(data.x[data.explain]), encode(data.x[data.test])
        label = model.predict(rows)
        start, cpu = time.perf_counter(), processor()
        tree = DecisionTreeClassifier(max_depth=6, random_state=1).fit(rows, label)
        e = tree.predict_proba(test)[:, 1]
        seconds = time.perf_counter() - start
        both = np.stack([model.predict_proba(test)[:, 1], e], 1)
    else:
        start, cpu = time.perf_counter(), processor()
        both = lime_sklearn(data, kind, job) if side == "sklearn" else lime_numpy(data, kind, job, args.threads)
        seconds = time.perf_counter() - start
    cpu = processor() - cpu
    np.save(out, both.astype(np.float32))
    return {"seconds": seconds, "cpu": cpu, "rows": len(both), "auroc": roc_auc_score(both[:, 0] >= 0.5, both[:, 1]),
            "peak": max(peak(), getattr(lime_numpy, "peak", 0))}


# --- the alternation ------------------------------------------------------------------------


def run(command, threads):
    env = dict(os.environ)
    for name in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS", "BLIS_NUM_THREADS"):
        env[name] = str(threads)
    done = subprocess.run(command, env=env, capture_output=True, text=True)
    if done.returncode != 0:
        raise SystemExit(f"explain.py: {' '.join(command)}: exit {done.returncode}\n{done.stderr}")
    return json.loads(done.stdout.strip().splitlines()[-1])


def compare(args, item, folder):
    import numpy as np

    table = ["--table", args.table, "--target", args.target, "--protected", args.protected, "--split", args.split,
             "--threads", str(args.threads), "--rows", str(args.rows)]
    what, _, kind = item.partition("-")
    ours = [f"{args.bin}/bench_explain", what, *table, "--box", kind or "mlp", "--out", f"{folder}/ours.npy"]
    peers = args.peers.split(",") if what == "lime" else ["sklearn"]
    results = {name: [] for name in [*peers, "fdml"]}
    for _ in range(args.rounds):
        for name in peers:
            threads = 1 if name == "numpy" else args.threads
            results[name].append(run([sys.executable, os.path.abspath(__file__), *table, "--peer",
                                      f"{item}:{name}:{folder}/{name}.npy"], threads))
        results["fdml"].append(run(ours, args.threads))
    rows, b = [], np.load(f"{folder}/ours.npy")
    median = {name: statistics.median(r["seconds"] for r in side) for name, side in results.items()}
    cpu = {name: statistics.median(r["cpu"] for r in side) for name, side in results.items()}
    for name in peers:
        a = np.load(f"{folder}/{name}.npy")
        auroc = [results[side][-1]["auroc"] for side in (name, "fdml")]
        answers, means = float(np.abs(a[:, 0] - b[:, 0]).mean()), float((a[:, 1] - b[:, 1]).mean())
        note = f"AUROC {auroc[0]:.4f}, {auroc[1]:.4f}"
        agrees = abs(auroc[0] - auroc[1]) < 0.06
        if kind == "logistic":
            agrees = agrees and answers < 1e-3 and abs(means) < 0.005
            note += f"; apart {answers:.1e}, {means:+.4f}"
        mib = [max(r["peak"] for r in results[side]) / 2**20 for side in (name, "fdml")]
        print(f"{item:<14} {name:<8}{median[name]:>10.2f}{median['fdml']:>9.3f}{median[name] / median['fdml']:>8.1f}"
              f"{cpu[name] / cpu['fdml']:>8.1f}"
              f"{mib[0]:>8.0f}{mib[1]:>7.0f}  {'' if agrees else 'DIFFER: '}{note}", flush=True)
        rows.append({"item": item, "peer": name, "threads": args.threads, "theirs": results[name],
                     "fdml": results["fdml"], "ratio": median[name] / median["fdml"], "agrees": bool(agrees)})
    return rows


def main():
    args = arguments()
    if args.peer:
        print(json.dumps(peer(args)))
        return 0
    rows = []
    print(f"{'item':<14} {'peer':<8}{'peer s':>10}{'fdml s':>9}{'ratio':>8}{'of cpu':>8}{'MiB':>8}{'fdml':>7}  answers")
    with tempfile.TemporaryDirectory() as folder:
        if not args.table and os.path.exists(f"{SHARED}/adult_all_cleaned.csv"):
            args.table = f"{SHARED}/adult_all_cleaned.csv"
            args.split = args.split or f"{SHARED}/splits/adult_all_cleaned.split"
        elif not args.table:
            args.table, args.split = make_table(folder)
        for item in args.items.split(","):
            rows += compare(args, item, folder)
    if args.out:
        with open(args.out, "w", encoding="utf-8") as file:
            json.dump({"rounds": args.rounds, "rows": rows}, file, indent=1)
    return 0 if all(row["agrees"] for row in rows) else 1


if __name__ == "__main__":
    sys.exit(main())
