#!/usr/bin/env python3
"""make_explain_case.py - writes explain_case.c: references of additive models and trees.

    /usr/bin/python3 tests/unit/make_explain_case.py > tests/unit/explain_case.c

Rows are those of explain_case_gam_rows and explain_case_tree_rows, drawn by the same generator
(Knuth's 64-bit linear congruential one), so none has to be stored. Expected are:

* B-splines of degree 3 on even knots, by scipy.interpolate.BSpline, with tangents outside;
* the penalised likelihood's optimum of gam.h, for three penalties: basis functions by scipy,
  each step a least squares problem in sqrt(W) X, sqrt(lambda) D and sqrt(s) I solved by
  numpy.linalg.lstsq, until coefficients change by less than 1e-13 of their length. No pygam;
* probabilities of scikit-learn's LogisticRegression without penalty, of three binary columns;
* nodes of DecisionTreeClassifier for each depth at which thirty random states give one tree, so that
  no two columns tie;
* where it cuts ten rows of the values 0 to 9, for each way to label them: many of the cuts tie, or
  miss it by rounding, and which is taken then depends on the very expression.

Made with NumPy 1.24, SciPy 1.10 and scikit-learn 1.2.1.

SPDX-License-Identifier: MIT
"""
import math
import warnings

import numpy as np
from scipy.interpolate import BSpline
from sklearn.linear_model import LogisticRegression
from sklearn.tree import DecisionTreeClassifier

SPLINES = 20
RIDGE = 2.0 ** -26
LAMBDAS = (1e-3, 0.25118864315095796, 1e3)
POINTS = (-7.5, -3.0, -2.999, -2.4, -0.25, 0.0, 1.0, 3.3, 4.9999, 5.0, 6.25)
state = 1


def uniform():
    global state
    state = (state * 6364136223846793005 + 1442695040888963407) % 2 ** 64
    return (state >> 40) / 2 ** 24


def gam_rows():
    x, y = np.zeros((400, 5), np.float32), np.zeros(400, int)
    for i in range(400):
        u, v = 4 * uniform() - 2, uniform()
        row = (u, math.floor(8 * v * v), float(uniform() < 0.3), 1.0, math.floor(3 * uniform()))
        score = u * u - 0.25 * row[1] + row[2] - 0.5 * row[4] + 4 * (uniform() - 0.5)
        x[i], y[i] = row, score > 0
    return x, y


def tree_rows():
    x, y = np.zeros((1500, 6), np.float32), np.zeros(1500, int)
    for i in range(1500):
        row = [uniform() for _ in range(3)] + [math.floor(10 * uniform()), float(uniform() < 0.4),
                                              8 * uniform() - 4]
        score = row[0] - row[1] + 0.1 * row[3] * row[4] - 0.0625 * row[5] * row[5]
        x[i], y[i] = row, score + uniform() - 0.5 > 0
    return x, y


def binary_rows():
    x, y = np.zeros((300, 3), np.float32), np.zeros(300, int)
    for i in range(300):
        x[i] = [uniform() < 0.5, uniform() < 0.3, uniform() < 0.6]
        a, b, c = (float(v) for v in x[i])
        y[i] = a - b + 0.5 * c + 2 * (uniform() - 0.5) > 0.25
    return x, y


def basis(x, low, high, n=SPLINES):
    h = (high - low) / (n - 3)
    knots = low + h * np.arange(-3, n + 1)
    out = np.zeros((len(x), n))
    for i in range(n):
        one = BSpline(knots, np.eye(n)[i], 3)
        slope = one.derivative()
        clipped = np.clip(x, low, high)
        out[:, i] = one(clipped) + (x - clipped) * slope(clipped)
    return out


def design(x):
    """X, and the root of P: lambda P = lambda R'R."""
    columns, roots = [], []
    for c in x.astype(float).T:
        values = np.unique(c)
        if len(values) > 2:
            columns.append(basis(c, c.min(), c.max()))
            roots.append(np.diff(np.eye(SPLINES), n=2, axis=0))
        else:
            columns.append((c[:, None] == values[None, :]).astype(float))
            roots.append(np.eye(len(values)))
    m = sum(c.shape[1] for c in columns) + 1
    root, row, at = np.zeros((sum(len(r) for r in roots), m)), 0, 0
    for r in roots:
        root[row:row + len(r), at:at + r.shape[1]] = r
        row, at = row + len(r), at + r.shape[1]
    return np.hstack(columns + [np.ones((len(x), 1))]), root


def fit(x_matrix, root, y, lam):
    n, m = x_matrix.shape
    b = np.zeros(m)
    penalty = np.vstack([np.sqrt(lam) * root, np.sqrt(RIDGE) * np.eye(m)])
    for _ in range(200):
        eta = x_matrix @ b
        mu = 1 / (1 + np.exp(-eta))
        w = mu * (1 - mu)
        rows = np.sqrt(w)[:, None] * x_matrix
        right = np.concatenate([np.sqrt(w) * (eta + (y - mu) / w), np.zeros(len(penalty))])
        new = np.linalg.lstsq(np.vstack([rows, penalty]), right, rcond=None)[0]
        change = np.linalg.norm(new - b) / np.linalg.norm(new)
        b = new
        if change < 1e-13:
            break
    q, _ = np.linalg.qr(np.vstack([rows, penalty]))
    edf = (q[:n] ** 2).sum()
    eta = x_matrix @ b
    deviance = 2 * np.logaddexp(0, np.where(y == 1, -eta, eta)).sum()
    return b, edf, deviance, (deviance + 2.8 * edf) / n, 1 / (1 + np.exp(-eta))


def numbers(values, form="%.17g"):
    text, line = "", "   "
    for v in values:
        one = " " + form % v + ","
        if len(line + one) > 95:
            text, line = text + line + "\n", "   "
        line += one
    return text + line


def trees(x, y):
    found = []
    for depth in range(1, 7):
        dumps = set()
        for seed in range(30):
            t = DecisionTreeClassifier(max_depth=depth, random_state=seed).fit(x, y).tree_
            dumps.add(tuple((t.feature[i] if t.children_left[i] >= 0 else 0,
                             t.threshold[i] if t.children_left[i] >= 0 else 0.0,
                             max(t.children_right[i], 0), t.n_node_samples[i],
                             round(t.value[i][0][1])) for i in range(t.node_count)))
        if len(dumps) == 1:
            found.append((depth, dumps.pop()))
    return found


def stumps():
    x = np.arange(10.)[:, None]
    cuts = ""
    for k in range(1, 2 ** 10 - 1):
        y = [k >> i & 1 for i in range(10)]
        threshold = DecisionTreeClassifier(max_depth=1, random_state=0).fit(x, y).tree_.threshold[0]
        cuts += "%d" % math.ceil(threshold)
    return cuts


def main():
    warnings.filterwarnings("ignore")
    gx, gy = gam_rows()
    tx, ty = tree_rows()
    bx, by = binary_rows()
    print("/* explain_case.c - made by make_explain_case.py; see there.")
    print(" * SPDX-License-Identifier: MIT */")
    print('#include "explain_case.h"\n')
    print("/* clang-format off */")
    print("const double explain_case_point[EXPLAIN_POINTS] = {\n%s\n};" % numbers(POINTS))
    print("const double explain_case_basis[EXPLAIN_POINTS * EXPLAIN_SPLINES] = {\n%s\n};"
          % numbers(basis(np.array(POINTS), -3.0, 5.0).ravel()))
    x_matrix, root = design(gx)
    print("const explain_gam explain_case_gam[EXPLAIN_GAMS] = {")
    for lam in LAMBDAS:
        b, edf, deviance, ubre, p = fit(x_matrix, root, gy, lam)
        print("    { %r, %.17g, %.17g, %.17g,\n      {\n%s },\n      {\n%s } },"
              % (lam, edf, deviance, ubre, numbers(b), numbers(p[:EXPLAIN_SHOWN])))
    print("};")
    model = LogisticRegression(penalty=None, tol=1e-12, max_iter=100000, solver="newton-cg")
    bx = bx.astype(float)
    p = model.fit(bx, by).predict_proba(bx)[:, 1]
    print("const double explain_case_logistic[EXPLAIN_SHOWN] = {\n%s\n};" % numbers(p[:EXPLAIN_SHOWN]))
    made = trees(tx, ty)
    print("const explain_tree explain_case_tree[] = {")
    for depth, nodes in made:
        print("    { %d, %d, {" % (depth, len(nodes)))
        for f, threshold, right, n, ones in nodes:
            print("        { %.17g, %d, %d, %d, %d }," % (threshold, right, f, n, ones))
        print("    } },")
    print("};")
    print("const int explain_case_n_trees = %d;" % len(made))
    cuts = stumps()
    print("const char explain_case_stumps[] =")
    print("\n".join('    "%s"' % cuts[i:i + 80] for i in range(0, len(cuts), 80)) + ";")
    print("/* clang-format on */")


EXPLAIN_SHOWN = 40

if __name__ == "__main__":
    main()
