#!/usr/bin/env python3
"""make_logistic_case.py - writes logistic_case.c: what scikit-learn makes of forty rows.

    /usr/bin/python3 tests/unit/make_logistic_case.py > tests/unit/logistic_case.c

Three features, one of them far from zero, and three values of unequal frequency, in a fixed order.
Expected are weights, biases and the minimum of logistic.h's function, for two penalties, with and
without balanced weights, of LogisticRegression behind a StandardScaler; weights are given for the
features as they are, biases less their mean, which no probability depends on. Made with
scikit-learn 1.2.1 and NumPy 1.24; the weights are those of a gradient below 1e-8.

SPDX-License-Identifier: MIT
"""
import numpy as np
from sklearn.linear_model import LogisticRegression
from sklearn.preprocessing import StandardScaler

N, D, V = 40, 3, 3


def rows():
    random = np.random.RandomState(5)
    y = random.choice(V, N, p=[0.6, 0.25, 0.15])
    x = random.normal(size=(N, D)) + 0.8 * np.eye(V)[y]
    return (x * [1, 0.02, 7] + [0, 3, -20]).astype(np.float32), y


def fit(x, y, c, balanced):
    scaler = StandardScaler().fit(x)
    z = scaler.transform(x)
    model = LogisticRegression(C=c, class_weight="balanced" if balanced else None, tol=1e-8,
                               max_iter=100000, multi_class="multinomial", solver="newton-cg").fit(z, y)
    logits = model.decision_function(z)
    weights = N / (V * np.bincount(y)) if balanced else np.ones(V)
    loss = np.log(np.exp(logits).sum(1)) - logits[np.arange(N), y]
    value = ((weights[y] * loss).sum() + (model.coef_ ** 2).sum() / (2 * c)) / N
    weight = model.coef_.T / scaler.scale_[:, None]
    bias = model.intercept_ - scaler.mean_ @ weight
    return weight, bias - bias.mean(), value


def numbers(values, form):
    return ", ".join(form % v for v in np.ravel(values))


def main():
    x, y = rows()
    print("/* logistic_case.c - made by make_logistic_case.py; see there.")
    print(" * SPDX-License-Identifier: MIT */")
    print('#include "logistic_case.h"\n')
    print("/* clang-format off */")
    print("const float logistic_case_x[LOGISTIC_ROWS * LOGISTIC_DIM] = {")
    for row in x:
        print("    " + numbers(row, "%.9gf" if (row != row.astype(int)).all() else "%.9g") + ",")
    print("};\n")
    print("const uint32_t logistic_case_code[LOGISTIC_ROWS] = {")
    print("    " + numbers(y, "%d") + "\n};\n")
    print("const logistic_case logistic_cases[LOGISTIC_CASES] = {")
    for c in (1, 0.05):
        for balanced in (False, True):
            weight, bias, value = fit(x.astype(float), y, c, balanced)
            print("    { %g, %s, %.12g," % (c, "true" if balanced else "false", value))
            print("      { %s },\n      { %s } }," % (numbers(weight, "%.10g"), numbers(bias, "%.10g")))
    print("};\n/* clang-format on */")


if __name__ == "__main__":
    main()
