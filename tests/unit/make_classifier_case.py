#!/usr/bin/env python3
"""make_classifier_case.py - writes classifier_case.c: what scikit-learn's classifiers make of made rows.

    /usr/bin/python3 tests/unit/make_classifier_case.py > tests/unit/classifier_case.c

The rows are those of classifier_case_make, drawn by the same generator (Knuth's 64-bit linear
congruential one), so none has to be stored: 900 rows of 12 features in 6 overlapping values; every
third row is a test row. Expected are, of the test rows, the predictions of LogisticRegression and
LinearSVC behind a StandardScaler and of KNeighborsClassifier(5) where no two values have equally many
votes (else 99); mean and deviation over ten seeds of the accuracy of RandomForestClassifier and
MLPClassifier (max_iter 200, behind a StandardScaler); and precision_recall_fscore_support of the
neighbours' predictions, macro over the values present, of the test rows with an even number.
Made with scikit-learn 1.2.1 and NumPy 1.24.

SPDX-License-Identifier: MIT
"""
import warnings

import numpy as np
from sklearn.ensemble import RandomForestClassifier
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import accuracy_score, precision_recall_fscore_support
from sklearn.neighbors import KNeighborsClassifier
from sklearn.neural_network import MLPClassifier
from sklearn.preprocessing import StandardScaler
from sklearn.svm import LinearSVC

N, D, V = 900, 12, 6
state = 1


def uniform():
    global state
    state = (state * 6364136223846793005 + 1442695040888963407) % 2 ** 64
    return (state >> 40) / 2 ** 24


def rows():
    centre = [[2 * uniform() for _ in range(D)] for _ in range(V)]
    x = np.zeros((N, D), np.float32)
    y = np.zeros(N, int)
    for i in range(N):
        y[i] = min(int(uniform() * V), int(uniform() * V))
        for d in range(D):
            x[i, d] = centre[y[i]][d] + 1.2 * (uniform() + uniform() + uniform() + uniform() - 2)
    return x, y


def numbers(values):
    return "    " + ", ".join(str(v) for v in values)


def neighbours(x, y, train, test):
    model = KNeighborsClassifier(5).fit(x[train], y[train])
    votes = 5 * model.predict_proba(x[test])
    top = np.sort(votes, axis=1)
    return np.where(top[:, -1] == top[:, -2], 99, votes.argmax(1))


def scores(make, z, y, train, test):
    found = [make(seed).fit(z[train], y[train]).score(z[test], y[test]) for seed in range(10)]
    return np.mean(found), np.std(found, ddof=1)


def odd(make, z, y, train, test):
    """Test rows predicted as an odd value, which repeats of such rows make more."""
    found = [np.mean(make(seed).fit(z[train], y[train]).predict(z[test]) % 2) for seed in range(10)]
    return np.mean(found), np.std(found, ddof=1)


def main():
    warnings.filterwarnings("ignore")
    x, y = rows()
    test = np.arange(N) % 3 == 0
    train = ~test
    z = StandardScaler().fit(x[train].astype(float)).transform(x.astype(float))
    logistic = LogisticRegression(tol=1e-8, max_iter=10000).fit(z[train], y[train]).predict(z[test])
    svm = LinearSVC(dual=False, tol=1e-8, max_iter=100000).fit(z[train], y[train]).predict(z[test])
    knn = neighbours(x, y, train, test)
    forest = scores(lambda s: RandomForestClassifier(100, random_state=s), x, y, train, test)
    mlp = scores(lambda s: MLPClassifier(random_state=s), z, y, train, test)
    often = np.repeat(np.arange(N)[train], 1 + 2 * (y[train] % 2))  # rows of odd values three times
    forest_often = odd(lambda s: RandomForestClassifier(100, random_state=s), x, y, often, test)
    z_often = StandardScaler().fit(x[often].astype(float)).transform(x.astype(float))
    mlp_often = odd(lambda s: MLPClassifier(random_state=s), z_often, y, often, test)
    even = np.arange(N)[test] % 2 == 0
    truth = y[test][even]
    macro = precision_recall_fscore_support(truth, logistic[even], labels=np.unique(truth),
                                            average="macro", zero_division=0)[:3]
    print("/* classifier_case.c - made by make_classifier_case.py; see there.")
    print(" * SPDX-License-Identifier: MIT */")
    print('#include "classifier_case.h"\n')
    print("/* clang-format off */")
    for name, values in (("logistic", logistic), ("svm", svm), ("knn", knn)):
        print("const unsigned char classifier_case_%s[CLASSIFIER_TESTS] = {" % name)
        for i in range(0, len(values), 30):
            print(numbers(values[i:i + 30]) + ",")
        print("};\n")
    print("const double classifier_case_forest[2] = { %.6f, %.6f };" % forest)
    print("const double classifier_case_mlp[2] = { %.6f, %.6f };" % mlp)
    print("const double classifier_case_forest_often[2] = { %.6f, %.6f };" % forest_often)
    print("const double classifier_case_mlp_often[2] = { %.6f, %.6f };" % mlp_often)
    print("const double classifier_case_even[4] = { %.15f, %.15f, %.15f, %.15f };"
          % ((accuracy_score(truth, logistic[even]),) + macro))
    print("/* clang-format on */")


if __name__ == "__main__":
    main()
