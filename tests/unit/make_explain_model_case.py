#!/usr/bin/env python3
"""make_explain_model_case.py - writes explain_model_case.c: two small networks and their answers.

    /usr/bin/python3 tests/unit/make_explain_model_case.py > tests/unit/explain_model_case.c

Both see the ten rows of make_tabular_case.py as scikit-learn encodes them, fitted to the first seven:
ten columns. One has three hidden units and a sigmoid, the other four and a softmax of two. The ONNX
files are torch's, byte by byte, with a free number of rows; the answers are NumPy's, in double.
Made with torch 1.13, scikit-learn 1.2.1 and NumPy 1.24.

SPDX-License-Identifier: MIT
"""
import csv
import io
import sys
import warnings

import numpy as np
import torch

sys.dont_write_bytecode = True
import make_tabular_case as table  # noqa: E402

warnings.simplefilter("ignore")


def network(random, dim, hidden, outputs):
    shapes = [(hidden, dim), (hidden,), (outputs, hidden), (outputs,)]
    weights = [random.normal(size=shape).astype(np.float32) for shape in shapes]
    last = torch.nn.Sigmoid() if outputs == 1 else torch.nn.Softmax(dim=1)
    net = torch.nn.Sequential(torch.nn.Linear(dim, hidden), torch.nn.ReLU(),
                              torch.nn.Linear(hidden, outputs), last)
    with torch.no_grad():
        for parameter, value in zip(net.parameters(), weights):
            parameter.copy_(torch.from_numpy(value))
    file = io.BytesIO()
    torch.onnx.export(net.eval(), torch.zeros(1, dim), file, opset_version=13, input_names=["rows"],
                      output_names=["p"], dynamic_axes={"rows": {0: "N"}, "p": {0: "N"}})
    return file.getvalue(), [w.astype(float) for w in weights]


def answer(z, weights):
    hidden = np.maximum(z @ weights[0].T + weights[1], 0)
    score = hidden @ weights[2].T + weights[3]
    margin = score[:, -1] - (score[:, 0] if score.shape[1] == 2 else 0)
    return 1 / (1 + np.exp(-margin))


def put(name, file, p):
    print("const unsigned char explain_model_%s[] = {" % name)
    for i in range(0, len(file), 20):
        print("    " + ", ".join(str(b) for b in file[i:i + 20]) + ",")
    print("};\nconst size_t explain_model_%s_size = sizeof explain_model_%s;\n" % (name, name))
    print("const double explain_model_%s_p[TABULAR_ROWS] = {" % name)
    print("    " + ",\n    ".join("%.17g" % v for v in p) + ",\n};\n")


def main():
    random = np.random.RandomState(3)
    rows = list(csv.reader(table.ROWS.splitlines()))
    z = table.encode(rows, table.NAMES, table.CATEGORICAL, range(table.FIT))
    print("/* explain_model_case.c - made by make_explain_model_case.py; see there.")
    print(" * SPDX-License-Identifier: MIT */")
    print('#include "explain_model_case.h"\n')
    print("/* clang-format off */")
    for name, hidden, outputs in [("sigmoid", 3, 1), ("softmax", 4, 2)]:
        file, weights = network(random, z.shape[1], hidden, outputs)
        put(name, file, answer(z, weights))


if __name__ == "__main__":
    main()
