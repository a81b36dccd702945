#!/usr/bin/env python3
"""classify.py - trainings of downstream classifiers in fdml and in scikit-learn, side by side.

    make bench-peers PEERS=classify PEERS_CLASSIFY_FLAGS="--items logistic,svm"

Made rows (--n 20000 --dim 128 --classes 20): centres 0.35 N(0,1), noise N(0,1); rows whose number modulo
10 is below 7 train. Sides run in alternation, each run in a process of its own with the same number of
threads; only the work is timed. "ratio" is scikit-learn's median over ours: above 1 fdml is faster.

  logistic  StandardScaler and LogisticRegression(C=1, lbfgs) on float32, with our stopping rule: a
            component of the gradient of the mean loss below 1e-5 (its own sums, so tol = 1e-5 n)
  svm       StandardScaler and LinearSVC(C=1, dual=False), its default tolerance
  knn forest mlp   KNeighborsClassifier(5, brute), RandomForestClassifier(100), MLPClassifier(): training
            and prediction together

Linear models are compared by what they minimise, computed in double from their weights: objectives
within 1e-4 of each other (scikit-learn's converged to tol 1e-8 for LogisticRegression), accuracies
within 0.2 points; the others by accuracy, within 2 points.

SPDX-License-Identifier: MIT
"""

import argparse
import json
import os
import subprocess
import statistics
import sys
import tempfile
import time


def arguments():
    p = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    p.add_argument("--bin", default="build/bin", help="folder of bench_classify")
    p.add_argument("--out", help="write the results here as JSON")
    p.add_argument("--items", default="logistic,svm,knn,forest,mlp")
    p.add_argument("--rounds", type=int, default=3, help="runs of each side [3]")
    p.add_argument("--threads", default="1,2")
    p.add_argument("--n", type=int, default=20000)
    p.add_argument("--dim", type=int, default=128)
    p.add_argument("--classes", type=int, default=20)
    p.add_argument("--peer", help=argparse.SUPPRESS)  # this process is one run of scikit-learn
    p.add_argument("--data", help=argparse.SUPPRESS)
    return p.parse_args()


def make_data(args, folder):
    import numpy as np

    random = np.random.RandomState(1)
    y = random.randint(args.classes, size=args.n).astype(np.int32)
    x = 0.35 * random.normal(size=(args.classes, args.dim))[y] + random.normal(size=(args.n, args.dim))
    np.save(os.path.join(folder, "x.npy"), x.astype(np.float32))
    np.save(os.path.join(folder, "y.npy"), y)


def objective(item, model, z, y, n_classes):
    """What linear_model.h says is minimised, in double."""
    import numpy as np

    scores = z @ model.coef_.T.astype(float) + model.intercept_.astype(float)
    square = (model.coef_.astype(float) ** 2).sum()
    if item == "logistic":
        scores -= scores.max(1, keepdims=True)
        loss = np.log(np.exp(scores).sum(1)) - scores[np.arange(len(y)), y]
    else:
        sign = np.where(np.arange(n_classes) == y[:, None], 1, -1)
        loss = (np.maximum(0, 1 - sign * scores) ** 2).sum(1)
        square += (model.intercept_.astype(float) ** 2).sum()
    return (loss.sum() + square / 2) / len(y)


def peer(args):
    """One run of scikit-learn. "exact" trains on doubles until nothing changes."""
    import warnings

    import numpy as np
    from sklearn.ensemble import RandomForestClassifier
    from sklearn.linear_model import LogisticRegression
    from sklearn.neighbors import KNeighborsClassifier
    from sklearn.neural_network import MLPClassifier
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import StandardScaler
    from sklearn.svm import LinearSVC

    warnings.filterwarnings("ignore")
    threads = int(os.environ["OMP_NUM_THREADS"])
    item, _, exact = args.peer.partition(".")
    x, y = np.load(os.path.join(args.data, "x.npy")), np.load(os.path.join(args.data, "y.npy"))
    train = np.arange(len(x)) % 10 < 7
    a, b, c, d = x[train], y[train], x[~train], y[~train]
    if exact:
        a, c = a.astype(float), c.astype(float)
    model = {
        "logistic": lambda: make_pipeline(StandardScaler(), LogisticRegression(
            tol=1e-8 if exact else 1e-5 * len(a), max_iter=10000)),
        "svm": lambda: make_pipeline(StandardScaler(), LinearSVC(
            dual=False, tol=1e-6 if exact else 1e-4, max_iter=10000)),
        "knn": lambda: KNeighborsClassifier(5, algorithm="brute", n_jobs=threads),
        "forest": lambda: RandomForestClassifier(100, n_jobs=threads, random_state=1),
        "mlp": lambda: make_pipeline(StandardScaler(), MLPClassifier(random_state=1)),
    }[item]()
    start = time.perf_counter()
    model.fit(a, b)
    if item in ("logistic", "svm"):
        seconds = time.perf_counter() - start
        score = (model.predict(c) == d).mean()
        z = StandardScaler().fit_transform(a.astype(float))
        value = objective(item, model[-1], z, b, y.max() + 1)
        return {"seconds": seconds, "accuracy": float(score), "objective": float(value)}
    score = (model.predict(c) == d).mean()
    return {"seconds": time.perf_counter() - start, "accuracy": float(score)}


def run(command, threads):
    env = dict(os.environ)
    for name in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS", "BLIS_NUM_THREADS"):
        env[name] = str(threads)
    done = subprocess.run(command, env=env, capture_output=True, text=True)
    if done.returncode != 0:
        raise SystemExit(f"classify.py: {' '.join(command)}: exit {done.returncode}\n{done.stderr}")
    return json.loads(done.stdout.strip().splitlines()[-1])


def compare(args, item, threads, folder, exact):
    theirs, ours = [], []
    python = [sys.executable, os.path.abspath(__file__), "--data", folder, "--peer", item]
    command = [f"{args.bin}/bench_classify", item, "--data", f"{folder}/x.npy", "--labels",
               f"{folder}/y.npy", "--threads", str(threads)]
    for _ in range(args.rounds):
        theirs.append(run(python, threads))
        ours.append(run(command, threads))
    a, b = theirs[-1], ours[-1]
    seconds = [statistics.median(r["seconds"] for r in side) for side in (theirs, ours)]
    points = 100 * abs(a["accuracy"] - b["accuracy"])
    agrees, note = points <= 2, f"accuracy {a['accuracy']:.4f}, {b['accuracy']:.4f}"
    if exact:
        above = [r["objective"] / exact["objective"] - 1 for r in (a, b)]
        points = 100 * abs(exact["accuracy"] - b["accuracy"])
        agrees = points <= 0.2 and abs(above[1]) <= 1e-4
        note += f"; above the minimum {above[0]:.1e}, {above[1]:.1e}"
    print(f"{item:<10}{threads:>8}{seconds[0]:>12.4f}{seconds[1]:>10.4f}{seconds[0] / seconds[1]:>8.2f}"
          f"  {'' if agrees else 'DIFFER: '}{note}", flush=True)
    return {"item": item, "threads": threads, "sklearn": theirs, "fdml": ours, "exact": exact,
            "ratio": seconds[0] / seconds[1], "agrees": bool(agrees)}


def main():
    args = arguments()
    if args.peer:
        print(json.dumps(peer(args)))
        return 0
    rows = []
    print(f"{'item':<10}{'threads':>8}{'sklearn s':>12}{'fdml s':>10}{'ratio':>8}  answers")
    with tempfile.TemporaryDirectory() as folder:
        make_data(args, folder)
        for item in args.items.split(","):
            exact = None
            if item in ("logistic", "svm"):
                exact = run([sys.executable, os.path.abspath(__file__), "--data", folder, "--peer",
                             item + ".exact"], 1)
            for threads in args.threads.split(","):
                rows.append(compare(args, item, int(threads), folder, exact))
    if args.out:
        with open(args.out, "w", encoding="utf-8") as file:
            json.dump({"rounds": args.rounds, "rows": rows}, file, indent=1)
    return 0 if all(row["agrees"] for row in rows) else 1


if __name__ == "__main__":
    sys.exit(main())
