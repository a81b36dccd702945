#!/usr/bin/env python3
"""make_tabular_case.py - writes tabular_case.c: what scikit-learn encodes two tables as.

    /usr/bin/python3 tests/unit/make_tabular_case.py ../shared/tabular > tests/unit/tabular_case.c

The first is ten rows of five features, fitted to the first seven: numbers with gaps, one far from
zero, one constant in the fitted rows; categories with gaps, levels that only later rows have, and
levels that are numbers. The second is the paper's Adult (adult_all_cleaned.csv), fitted to the T
rows of its split file; of it the sums of each column and of their squares over the S rows are
noted. Numbers go through SimpleImputer and StandardScaler, categories through OneHotEncoder, one
feature at a time. Made with scikit-learn 1.2.1 and NumPy 1.24.

SPDX-License-Identifier: MIT
"""
import csv
import sys

import numpy as np
from sklearn.impute import SimpleImputer
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import OneHotEncoder, StandardScaler

NAMES = ["age", "city", "year", "ward", "flat"]
CATEGORICAL = {"city", "ward"}
FIT = 7
ROWS = """\
31.5,Ulm,2001,10,3,a,1
,Bonn,2004,9,3,b,0
47,Ulm,,2,3,a,0
18.25,,2001,10,3,a,1
-4,Trier,2003.5,2,3,b,1
1e3,Bonn,2002,9,3,b,0
22,?,2001,2,3,a,0
30,Jena,2010,11,4,b,1
,Ulm,2001,10,3,a,1
0,,,,2.5,b,0
"""
ADULT = ["age", "workclass", "education", "marital_status", "relationship", "occupation",
         "capital_gain", "capital_loss", "hours_per_week"]
ADULT_CATEGORICAL = {"workclass", "education", "marital_status", "relationship", "occupation"}


def encode(rows, names, categorical, fit):
    parts = []
    for f, name in enumerate(names):
        cells = [row[f].replace("?", "") for row in rows]
        if name in categorical:
            x = np.array([[c or "(missing)"] for c in cells], dtype=object)
            step = OneHotEncoder(handle_unknown="ignore", sparse_output=False)
        else:
            x = np.array([[float(c) if c else np.nan] for c in cells])
            step = make_pipeline(SimpleImputer(), StandardScaler())
        parts.append(step.fit(x[fit]).transform(x))
    return np.hstack(parts)


def put(name, values, per_line):
    print("const double %s = {" % name)
    for i in range(0, len(values), per_line):
        print("    " + ", ".join("%.12g" % v for v in values[i:i + per_line]) + ",")
    print("};\n")


def main():
    small = encode(list(csv.reader(ROWS.splitlines())), NAMES, CATEGORICAL, range(FIT))
    with open(sys.argv[1] + "/adult_all_cleaned.csv", newline="") as file:
        table = list(csv.DictReader(file))
    with open(sys.argv[1] + "/splits/adult_all_cleaned.split") as file:
        part = np.array(list(file.read().strip()))
    adult = encode([[row[name] for name in ADULT] for row in table], ADULT, ADULT_CATEGORICAL,
                   part == "T")[part == "S"]
    print("/* tabular_case.c - made by make_tabular_case.py; see there.")
    print(" * SPDX-License-Identifier: MIT */")
    print('#include "tabular_case.h"\n')
    print("/* clang-format off */")
    print("const char tabular_case_csv[] =")
    for line in [",".join(NAMES + ["sex", "y"])] + ROWS.splitlines():
        print('    "%s\\n"' % line)
    print("    ;\n")
    put("tabular_case_z[TABULAR_ROWS * TABULAR_DIM]", np.ravel(small), small.shape[1])
    put("tabular_adult_sum[TABULAR_ADULT_DIM]", adult.sum(0), 4)
    put("tabular_adult_square[TABULAR_ADULT_DIM]", (adult ** 2).sum(0), 4)
    print("_Static_assert(TABULAR_DIM == %d && TABULAR_ADULT_DIM == %d, \"columns\");"
          % (small.shape[1], adult.shape[1]))


if __name__ == "__main__":
    main()
