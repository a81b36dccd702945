#!/usr/bin/env python3
"""make_ridge_case.py - writes ridge_case.c: weighted ridge regressions by scikit-learn.

    /usr/bin/python3 tests/unit/make_ridge_case.py > tests/unit/ridge_case.c

300 rows, more than one run of ridge.c, of five columns that are correlated, one of them far from
zero and one of zeros and ones; weights from 1 down to 1e-6. Expected are the coefficients, intercept
and weighted R^2 of Ridge(alpha).fit(x, y, sample_weight) for four penalties, and the choices of
features as lime makes them: forward selection by R^2 of Ridge(0), and the largest |coef * x[0]| of
Ridge(0.01). Rows are made by integer arithmetic, which ridge_case.h repeats. Made with scikit-learn
1.2.1 and NumPy 1.24.

SPDX-License-Identifier: MIT
"""
import numpy as np
from sklearn.linear_model import Ridge

N, D = 300, 5


def rows():
    state, u = 12345, []
    for _ in range(N * (D + 2)):
        state = (state * 1664525 + 1013904223) % 2**32
        u.append(np.float32(state >> 8) / np.float32(2**24))
    u = np.array(u, np.float32).reshape(N, D + 2)
    x = u[:, :D].copy()
    x[:, 1] = x[:, 0] * np.float32(0.75) + x[:, 1] * np.float32(0.25)
    x[:, 2] += np.float32(20)
    x[:, 4] = x[:, 4] >= np.float32(0.5)
    y = x[:, 0].astype(float) - 0.5 * x[:, 3] * x[:, 3] + 0.25 * x[:, 4] + 0.125 * u[:, D]
    weight = u[:, D + 1] ** 4 + np.float32(1e-6)
    return x, y, weight.astype(np.float32)


def forward(x, y, w, k):
    chosen = []
    for _ in range(k):
        score = {c: Ridge(0).fit(x[:, chosen + [c]], y, w).score(x[:, chosen + [c]], y, w)
                 for c in range(D) if c not in chosen}
        chosen.append(max(score, key=lambda c: (score[c], -c)))
    return chosen


def main():
    x, y, w = rows()
    x, w = x.astype(float), w.astype(float)
    print("/* ridge_case.c - made by make_ridge_case.py; see there.\n * SPDX-License-Identifier: MIT */")
    print('#include "ridge_case.h"\n\n/* clang-format off */')
    print("const ridge_case ridge_cases[RIDGE_CASES] = {")
    for alpha in (10, 1, 0.01, 0):
        m = Ridge(alpha, solver="cholesky" if alpha else "svd").fit(x, y, w)
        print("    { %g, { %s }, %.15g, %.15g }," % (
            alpha, ", ".join("%.15g" % c for c in m.coef_), m.intercept_, m.score(x, y, w)))
    print("};")
    at = np.abs(Ridge(0.01).fit(x, y, w).coef_ * x[0])
    for name, order in (("forward", forward(x, y, w, D)), ("largest", np.argsort(-at, kind="stable"))):
        print("const uint32_t ridge_%s[RIDGE_DIM] = { %s };" % (name, ", ".join(map(str, order))))


main()
