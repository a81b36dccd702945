#!/usr/bin/env python3
"""make_linear_case.py - writes linear_case.c: what scikit-learn makes of forty rows.

    /usr/bin/python3 tests/unit/make_linear_case.py > tests/unit/linear_case.c

Three features, one of them far from zero, and three values of unequal frequency, in a fixed order.
Expected are weights, biases and the minimum of linear_model.h's functions, all of standardised
features: of LogisticRegression, for two penalties, with and without balanced weights, biases less
their mean, which no probability depends on; and of LinearSVC for two penalties. Made with
scikit-learn 1.2.1 and NumPy 1.24, with tolerances below 1e-8.

SPDX-License-Identifier: MIT
"""
import numpy as np
from sklearn.linear_model import LogisticRegression
from sklearn.preprocessing import StandardScaler
from sklearn.svm import LinearSVC

N, D, V = 40, 3, 3


def rows():
    random = np.random.RandomState(5)
    y = random.choice(V, N, p=[0.6, 0.25, 0.15])
    x = random.normal(size=(N, D)) + 0.8 * np.eye(V)[y]
    return (x * [1, 0.02, 7] + [0, 3, -20]).astype(np.float32), y


def logistic(z, y, c, balanced):
    model = LogisticRegression(C=c, class_weight="balanced" if balanced else None, tol=1e-8,
                               max_iter=100000, multi_class="multinomial", solver="newton-cg").fit(z, y)
    logits = model.decision_function(z)
    weights = N / (V * np.bincount(y)) if balanced else np.ones(V)
    loss = np.log(np.exp(logits).sum(1)) - logits[np.arange(N), y]
    value = ((weights[y] * loss).sum() + (model.coef_ ** 2).sum() / (2 * c)) / N
    return model.coef_.T, model.intercept_ - model.intercept_.mean(), value


def svm(z, y, c):
    model = LinearSVC(C=c, dual=False, tol=1e-10, max_iter=1000000).fit(z, y)
    margin = np.where(np.arange(V) == y[:, None], 1, -1) * model.decision_function(z)
    square = (model.coef_ ** 2).sum() + (model.intercept_ ** 2).sum()
    value = ((np.maximum(0, 1 - margin) ** 2).sum() + square / (2 * c)) / N
    return model.coef_.T, model.intercept_, value


def numbers(values, form):
    return ", ".join(form % v for v in np.ravel(values))


def main():
    x, y = rows()
    z = StandardScaler().fit_transform(x.astype(float))
    print("/* linear_case.c - made by make_linear_case.py; see there.")
    print(" * SPDX-License-Identifier: MIT */")
    print('#include "linear_case.h"\n')
    print("/* clang-format off */")
    print("const float linear_case_x[LINEAR_ROWS * LINEAR_DIM] = {")
    for row in x:
        print("    " + numbers(row, "%.9gf" if (row != row.astype(int)).all() else "%.9g") + ",")
    print("};\n")
    print("const uint32_t linear_case_code[LINEAR_ROWS] = {")
    print("    " + numbers(y, "%d") + "\n};\n")
    print("const linear_case linear_cases[LINEAR_CASES] = {")
    made = [("FDML_LOGISTIC", c, b, logistic(z, y, c, b)) for c in (1, 0.05) for b in (False, True)]
    made += [("FDML_SVM", c, False, svm(z, y, c)) for c in (1, 0.05)]
    for loss, c, balanced, (weight, bias, value) in made:
        print("    { %s, %g, %s, %.12g," % (loss, c, "true" if balanced else "false", value))
        print("      { %s },\n      { %s } }," % (numbers(weight, "%.10g"), numbers(bias, "%.10g")))
    print("};\n/* clang-format on */")


if __name__ == "__main__":
    main()
