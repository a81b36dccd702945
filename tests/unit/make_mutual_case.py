#!/usr/bin/env python3
"""make_mutual_case.py - writes mutual_case.c: mutual information by scikit-learn.

    /usr/bin/python3 tests/unit/make_mutual_case.py > tests/unit/mutual_case.c

600 rows of eight columns: three continuous without ties (of one a tenth is missing, here its mean); one that is
0 in four rows of five, as capital_gain of Adult is; a constant; three discrete ones, of which one tells nothing
and one has values with one and with few rows. Answers are once all different and once of eight values, as a
tree's. Expected is mutual_info_regression with these columns as discrete_features: mean and standard deviation over forty
random_state, which splits ties; where there are none the deviation is 0. Rows are made by integer arithmetic,
which mutual_case.h repeats. Made with scikit-learn 1.2.1 and NumPy 1.24.

SPDX-License-Identifier: MIT
"""
import numpy as np
from sklearn.feature_selection import mutual_info_regression

N, D = 600, 8


def rows():
    state, u = 4711, []
    for _ in range(N * D):
        state = (state * 1664525 + 1013904223) % 2**32
        u.append((state >> 8) / 2**24)
    u = np.array(u).reshape(N, D)
    x = u.copy()
    x[:, 1] = 100 * u[:, 0] * u[:, 0] + u[:, 1]
    x[:, 2] = np.where(u[:, 7] < 0.1, np.nan, u[:, 2])
    x[:, 3] = np.where(u[:, 3] < 0.8, 0, u[:, 3])
    x[:, 4] = 7
    x[:, 5] = np.floor(4 * u[:, 5])
    x[:, 6] = np.floor(3 * u[:, 6])
    x[:, 7] = np.where(np.arange(N) % 100 < 3, np.arange(N) % 300 - 150, 0)  # 3, 100 and 200 have 2 rows each
    x[5, 7] = 9
    y = u[:, 0] + 0.5 * u[:, 3] * u[:, 3] + 0.25 * x[:, 5] + 0.125 * u[:, 4]
    return x.astype(np.float32).astype(float), y


def main():
    x, y = rows()
    x[np.isnan(x[:, 2]), 2] = np.nanmean(x[:, 2])
    discrete = [False] * 5 + [True] * 3
    print("/* mutual_case.c - made by make_mutual_case.py; see there.\n * SPDX-License-Identifier: MIT */")
    print('#include "mutual_case.h"\n\n/* clang-format off */')
    print("const mutual_case mutual_cases[2][MUTUAL_DIM] = {")
    for target in (y, np.floor(4 * y)):
        all_ = np.array([mutual_info_regression(x, target, discrete_features=discrete, random_state=s)
                         for s in range(40)])
        print("    {")
        for c in range(D):
            print("        { %.12g, %.3g }," % (all_[:, c].mean(), all_[:, c].std(ddof=1)))
        print("    },")
    print("};")


main()
