#!/usr/bin/env python3
"""make_blackbox_case.py - writes blackbox_case.c: what scikit-learn makes of 240 rows.

    /usr/bin/python3 tests/unit/make_blackbox_case.py > tests/unit/blackbox_case.c

Three numeric features, one of them with missing cells, and one of four categories, of which the last is rare;
a target of one in three. Expected are
  * the folds of StratifiedKFold(5);
  * of the pipeline (mean imputation and StandardScaler; OneHotEncoder) with liblinear's logistic regression, the
    minimum of its objective on all rows for three C, and GridSearchCV's mean AUROC for 10^linspace(-5, 1, 25);
  * of MLPClassifier with 50 units, mean and standard deviation over twenty seeds of its final loss, epochs, and
    AUROC on the last 80 rows after training on the first 160;
  * AUROC with ties; and, with NumPy alone, the fidelity of three groups (fidelity.h).
Made with scikit-learn 1.2.1 and NumPy 1.24.

SPDX-License-Identifier: MIT
"""
import warnings

import numpy as np
from sklearn.compose import ColumnTransformer
from sklearn.impute import SimpleImputer
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import roc_auc_score
from sklearn.model_selection import GridSearchCV, StratifiedKFold
from sklearn.neural_network import MLPClassifier
from sklearn.pipeline import Pipeline
from sklearn.preprocessing import OneHotEncoder, StandardScaler

N, TRAIN, SEEDS = 240, 160, 20
warnings.filterwarnings("ignore")


def rows():
    random = np.random.RandomState(11)
    x = random.normal(size=(N, 4)) * [1, 30, 0.01, 1] + [0, 400, -2, 0]
    x[:, 3] = random.choice(4, N, p=[.5, .3, .19, .01])
    logit = x[:, 0] * (x[:, 3] - .5) + (x[:, 1] - 400) / 40 - 1 + .7 * (x[:, 3] == 1)
    y = (random.uniform(size=N) < 1 / (1 + np.exp(-logit))).astype(int)
    x[random.choice(N, 12, replace=False), 2] = np.nan
    return x.astype(np.float32), y


def encoder():
    numbers = Pipeline([("impute", SimpleImputer()), ("scale", StandardScaler())])
    return ColumnTransformer([("n", numbers, [0, 1, 2]), ("c", OneHotEncoder(handle_unknown="ignore"), [3])])


def liblinear(c=1.0):
    return LogisticRegression(solver="liblinear", C=c, tol=1e-9, max_iter=100000)


def objective(x, y, c):
    z = encoder().fit_transform(x.astype(float))
    m = liblinear(c).fit(z, y)
    u = np.append(m.coef_[0], m.intercept_)
    s = m.decision_function(z) * np.where(y == 1, 1, -1)
    return (u ** 2).sum() / 2 + c * np.logaddexp(0, -s).sum()


def grid(x, y):
    pipe = Pipeline([("e", encoder()), ("m", liblinear())])
    cs = 10 ** np.linspace(-5, 1, 25)
    search = GridSearchCV(pipe, {"m__C": cs}, scoring="roc_auc", cv=5).fit(x.astype(float), y)
    return search.cv_results_["mean_test_score"], search.best_index_


def nets(x, y):
    e = encoder().fit(x[:TRAIN].astype(float))
    z = e.transform(x.astype(float))
    out = []
    for seed in range(SEEDS):
        m = MLPClassifier((50,), random_state=seed).fit(z[:TRAIN], y[:TRAIN])
        out.append((m.loss_, m.n_iter_, roc_auc_score(y[TRAIN:], m.predict_proba(z[TRAIN:])[:, 1])))
    return np.array(out)


def fidelity(p, e, code):
    b = p >= .5

    def of(rows):
        return [((e >= .5) == b)[rows].mean(), roc_auc_score(b[rows], e[rows]), (p - e)[rows].mean()]

    groups = [of(code == g) for g in range(3)]
    return groups + [of(code >= 0)]


def put(name, kind, values, form):
    print("const %s %s[] = {" % (kind, name))
    texts = [form % v if v == v else "NAN" for v in np.ravel(values)]
    for i in range(0, len(texts), 6):
        print("    " + ", ".join(texts[i:i + 6]) + ",")
    print("};\n")


def main():
    x, y = rows()
    print("/* blackbox_case.c - made by make_blackbox_case.py; see there.")
    print(" * SPDX-License-Identifier: MIT */")
    print('#include "blackbox_case.h"\n')
    print("#include <math.h>\n")
    print("/* clang-format off */")
    put("blackbox_case_x", "float", x, "(float)%.9g")
    put("blackbox_case_y", "uint8_t", y, "%d")
    fold = np.zeros(N, int)
    for f, (_, test) in enumerate(StratifiedKFold(5).split(x, y)):
        fold[test] = f
    put("blackbox_case_fold", "uint8_t", fold, "%d")
    put("blackbox_case_objective", "double", [objective(x, y, c) for c in (.01, 1, 10)], "%.12g")
    scores, best = grid(x, y)
    put("blackbox_case_auroc", "double", scores, "%.12g")
    print("const size_t blackbox_case_best = %d;\n" % best)
    out = nets(x, y)
    put("blackbox_case_net_mean", "double", out.mean(0), "%.9g")
    put("blackbox_case_net_deviation", "double", out.std(0, ddof=1), "%.9g")
    random = np.random.RandomState(3)
    p = random.uniform(size=N).round(3)
    e = np.clip(p + random.normal(size=N) * .2, 0, 1).round(1)
    code = random.choice(3, N, p=[.7, .2, .1])
    put("blackbox_case_p", "double", p, "%.3f")
    put("blackbox_case_e", "double", e, "%.1f")
    put("blackbox_case_code", "uint32_t", code, "%d")
    put("blackbox_case_fidelity", "double", fidelity(p, e, code), "%.15g")


main()
