#!/usr/bin/env python3
"""torch_objectives.py - losses and gradients of small batches, by PyTorch's autograd in double.

    /usr/bin/python3 tests/golden/torch_objectives.py > tests/unit/objective_vectors.c

Every objective is written here a second time, by its formula and without a look at speed: loops
over pairs, no Gram matrix, no stabilised exponentials. Rows and parameters are floats, so that
both sides begin with the same numbers. Miners are those that draw nothing. The output is
committed, so that the tests need no PyTorch.

SPDX-License-Identifier: MIT
"""
import math
import textwrap

import torch

torch.set_default_dtype(torch.double)

N, DIM, CLASSES, CENTRES = 8, 4, 5, 2
LABELS = [0, 1, 0, 2, 1, 1, 2, 3]  # class 3 has one row, class 4 none
FOUR = [0, 0, 1, 2]  # of a negative's class and the anchor's, one row is left: no draw


def single(x):
    """The same values as far as a float holds them."""
    return x.float().double()


def make_inputs():
    generator = torch.Generator().manual_seed(20)
    rows = torch.randn(N, DIM, generator=generator) + 0.4
    unit = single(rows / rows.norm(dim=1, keepdim=True))
    loose = single(unit * (0.5 + torch.rand(N, 1, generator=generator)))
    weights = single(torch.randn(CLASSES * CENTRES, DIM, generator=generator))
    beta = single(0.8 + 0.5 * torch.rand(CLASSES, generator=generator))
    return unit, loose, weights, beta


def plus(x):
    return x if x > 0 else x * 0


def dist(x, y):
    return ((x - y) ** 2).sum().sqrt()


def mean(values):
    return sum(values) / len(values) if values else torch.zeros(())


def positives(y, a):
    return [j for j in range(len(y)) if j != a and y[j] == y[a]]


def negatives(y, a):
    return [j for j in range(len(y)) if y[j] != y[a]]


def anchors(y):
    return [a for a in range(len(y)) if positives(y, a) and negatives(y, a)]


def mine_all(f, y):
    return [(a, p, n) for a in anchors(y) for p in positives(y, a) for n in negatives(y, a)]


def mine_batch_hard(f, y):
    return [(a, max(positives(y, a), key=lambda j: dist(f[a], f[j])),
             min(negatives(y, a), key=lambda j: dist(f[a], f[j]))) for a in anchors(y)]


MINERS = {"all": mine_all, "batch_hard": mine_batch_hard}


def contrastive(f, y, w, miner, positive_margin=0., negative_margin=1.):
    t = miner(f, y)
    return (mean([plus(dist(f[a], f[p]) - positive_margin) for a, p, n in t]) +
            mean([plus(negative_margin - dist(f[a], f[n])) for a, p, n in t]))


def triplet(f, y, w, miner, margin=.2, squared=1):
    e = 2 if squared else 1
    return mean([plus(dist(f[a], f[p]) ** e - dist(f[a], f[n]) ** e + margin)
                 for a, p, n in miner(f, y)])


def margin(f, y, w, miner, gamma=.2):
    terms = [(plus(dist(f[a], f[p]) - w[y[a]] + gamma), plus(w[y[a]] - dist(f[a], f[n]) + gamma))
             for a, p, n in miner(f, y)]
    return sum(p + q for p, q in terms) / sum(bool(p > 0 or q > 0) for p, q in terms)


def by_pair(t):
    groups = {}
    for a, p, n in t:
        groups.setdefault((a, p), []).append(n)
    return groups.items()


def npair_term(f, t):
    return mean([torch.log(1 + sum(torch.exp(f[a] @ f[n] - f[a] @ f[p]) for n in ns))
                 for (a, p), ns in by_pair(t)])


def npair(f, y, w, miner, l2=.005):
    return npair_term(f, miner(f, y)) + l2 * f.norm(dim=1).mean()


def angular(f, y, w, miner, angle=45., **named):
    weight = named.get("lambda", 2.)
    t = math.tan(math.radians(angle)) ** 2
    mined = miner(f, y)
    return npair_term(f, mined) + weight * mean(
        [torch.log(1 + sum(torch.exp(4 * t * (f[a] + f[p]) @ f[n] - 2 * (1 + t) * f[a] @ f[p])
                           for n in ns)) for (a, p), ns in by_pair(mined)])


def lse(values):
    return torch.log(sum(torch.exp(v) for v in values))


def lifted(f, y, w, miner, margin=1., l2=.005):
    return mean([plus(lse([dist(f[a], f[p]) for p in positives(y, a)]) +
                      lse([margin - dist(f[a], f[n]) for n in negatives(y, a)]))
                 for a in anchors(y)]) + l2 * f.norm(dim=1).mean()


def multisimilarity(f, y, w, miner, alpha=2., beta=40., eps=.1, **named):
    lam, terms = named.get("lambda", .5), []
    for a in anchors(y):
        sp = [f[a] @ f[p] for p in positives(y, a)]
        sn = [f[a] @ f[n] for n in negatives(y, a)]
        kept_p = [s for s in sp if s - eps < max(sn)]
        kept_n = [s for s in sn if s + eps > min(sp)]
        if kept_p and kept_n:
            terms.append(torch.log(1 + sum(torch.exp(-alpha * (s - lam)) for s in kept_p)) / alpha +
                         torch.log(1 + sum(torch.exp(beta * (s - lam)) for s in kept_n)) / beta)
    return mean(terms)


def snr(f, y, w, miner, margin=.2, reg=.005):
    t = miner(f, y)
    terms = [plus(torch.var(f[a] - f[p]) / torch.var(f[a]) -
                  torch.var(f[a] - f[n]) / torch.var(f[a]) + margin) for a, p, n in t]
    return (sum(terms) / sum(bool(x > 0) for x in terms) +
            reg * mean([f[a].sum().abs() for a, p, n in t]))


def histogram(f, y, w, miner, bins=65):
    step = 2 / (bins - 1)
    nodes = -1 + step * torch.arange(bins)

    def share(pairs):
        s = torch.stack([f[i] @ f[j] for i, j in pairs])
        return torch.clamp(1 - (s[:, None] - nodes[None]).abs() / step, min=0).sum(0) / len(pairs)

    pairs = [(i, j) for i in range(len(y)) for j in range(i)]
    near = share([(i, j) for i, j in pairs if y[i] == y[j]])
    far = share([(i, j) for i, j in pairs if y[i] != y[j]])
    return (far * near.cumsum(0)).sum()


def quadruplet(f, y, w, miner, alpha1=.2, alpha2=.2):
    t = miner(f, y)
    third = [[m for m in range(len(y)) if y[m] not in (y[a], y[n])] for a, p, n in t]
    assert all(len(m) == 1 for m in third)
    return (mean([plus(dist(f[a], f[p]) - dist(f[a], f[n]) + alpha1) for a, p, n in t]) +
            mean([plus(dist(f[a], f[p]) - dist(f[n], f[m[0]]) + alpha2)
                  for (a, p, n), m in zip(t, third)]))


def supcon(f, y, w, miner, temperature=.1):
    return mean([mean([lse([f[a] @ f[k] / temperature for k in range(len(y)) if k != a]) -
                       f[a] @ f[p] / temperature for p in positives(y, a)]) for a in anchors(y)])


def ntxent(f, y, w, miner, temperature=.1):
    return mean([lse([f[a] @ f[k] / temperature for k in [p] + negatives(y, a)]) -
                 f[a] @ f[p] / temperature for a in anchors(y) for p in positives(y, a)])


def unit_rows(w):
    return w / w.norm(dim=1, keepdim=True)


def cross_entropy(logits, y):
    return torch.nn.functional.cross_entropy(logits, torch.tensor(y))


def normsoftmax(f, y, w, miner, temperature=.05):
    return cross_entropy(f @ unit_rows(w).T / temperature, y)


def arcface(f, y, w, miner, scale=16., margin=.5):
    cosine = f @ unit_rows(w).T
    own = torch.nn.functional.one_hot(torch.tensor(y), CLASSES).bool()
    return cross_entropy(scale * torch.where(own, torch.cos(torch.acos(cosine) + margin), cosine), y)


def proxynca(f, y, w, miner, scale=3.):
    square = ((scale * f[:, None] - scale * unit_rows(w)[None]) ** 2).sum(-1)
    return mean([square[i, y[i]] + lse([-square[i, c] for c in range(CLASSES) if c != y[i]])
                 for i in range(len(y))])


def proxyanchor(f, y, w, miner, alpha=32., delta=.1):
    s = f @ unit_rows(w).T
    near = [torch.log(1 + sum(torch.exp(-alpha * (s[i, c] - delta))
                              for i in range(len(y)) if y[i] == c)) for c in sorted(set(y))]
    far = [torch.log(1 + sum(torch.exp(alpha * (s[i, c] + delta))
                             for i in range(len(y)) if y[i] != c)) for c in range(CLASSES)]
    return mean(near) + mean(far)


def softtriple(f, y, w, miner, centres=CENTRES, gamma=.1, delta=.01, reg=.2, **named):
    u = unit_rows(w).reshape(CLASSES, CENTRES, DIM)
    s = torch.einsum("nd,ckd->nck", f, u)
    score = (torch.softmax(s / gamma, -1) * s).sum(-1)
    own = torch.nn.functional.one_hot(torch.tensor(y), CLASSES)
    pairs = sum(torch.sqrt(2 + 1e-5 - 2 * u[c, i] @ u[c, j])
                for c in range(CLASSES) for i in range(CENTRES) for j in range(i))
    return (cross_entropy(named.get("lambda", 20.) * (score - delta * own), y) +
            reg * pairs / (CLASSES * CENTRES * (CENTRES - 1)))


# function, rows (unit, loose or the first four), parameter, miner, settings
CASES = [
    (contrastive, "unit", None, "all", {}),
    (contrastive, "unit", None, "batch_hard", {"positive_margin": .3, "negative_margin": 1.2}),
    (triplet, "unit", None, "all", {}),
    (triplet, "unit", None, "batch_hard", {"squared": 0, "margin": .4}),
    (margin, "unit", "beta", "all", {}),
    (margin, "unit", "beta", "batch_hard", {"gamma": .35}),
    (npair, "loose", None, "all", {}),
    (lifted, "loose", None, None, {}),
    (lifted, "loose", None, None, {"margin": .5, "l2": .1}),
    (arcface, "unit", "weights", None, {}),
    (arcface, "unit", "weights", None, {"scale": 4, "margin": 1.2}),
    (proxynca, "unit", "weights", None, {}),
    (multisimilarity, "unit", None, None, {}),
    (multisimilarity, "unit", None, None, {"alpha": 5, "beta": 10, "lambda": .2, "eps": 3}),
    (snr, "loose", None, "all", {}),
    (snr, "unit", None, "batch_hard", {"margin": .5, "reg": .1}),
    (histogram, "unit", None, None, {}),
    (histogram, "unit", None, None, {"bins": 8}),
    (quadruplet, "four", None, "all", {"alpha1": .3, "alpha2": .9}),
    (angular, "unit", None, "all", {}),
    (angular, "unit", None, "batch_hard", {"angle": 30, "lambda": .5}),
    (normsoftmax, "unit", "weights", None, {}),
    (softtriple, "unit", "centres", None, {"centres": CENTRES}),
    (softtriple, "unit", "centres", None, {"centres": CENTRES, "gamma": .5, "delta": .3, "reg": 1}),
    (proxyanchor, "unit", "weights", None, {}),
    (supcon, "unit", None, None, {}),
    (ntxent, "unit", None, None, {"temperature": .5}),
]


def array(kind, values):
    """A C array; ten digits are more than floats are compared with."""
    form = "%.9g" if kind == "float" else "%.10g"
    texts = [form % v for v in values.flatten().tolist()]
    texts = [t if any(c in t for c in ".e") else t + "." for t in texts]
    return "{ %s }" % ", ".join(t + "f" if kind == "float" else t for t in texts)


def text_of(case, inputs):
    function, rows, param, miner, settings = case
    labels = FOUR if rows == "four" else LABELS
    f = inputs["unit" if rows == "four" else rows][:len(labels)].clone().requires_grad_()
    w = inputs[param][:CLASSES * (CENTRES if param == "centres" else 1)] if param else None
    w = None if w is None else w.clone().requires_grad_()
    loss = function(f, labels, w, MINERS.get(miner), **settings)
    loss.backward()
    lines = ['.name = "%s"' % function.__name__, '.miner = "%s"' % (miner or "default"),
             ".n = %d" % len(labels), ".label = " + ("four" if rows == "four" else "labels"),
             ".f = " + ("unit" if rows == "four" else rows), ".loss = %.15g" % loss,
             ".df = (const double[])" + array("double", f.grad)]
    if settings:
        lines.append(".setting = (const fdml_objective_setting[]){ %s }" % ", ".join(
            '{ .name = "%s", .value = %g }' % pair for pair in settings.items()))
        lines.append(".n_settings = %d" % len(settings))
    if w is not None:
        lines += [".n_params = %d" % w.numel(), ".param = " + param,
                  ".dparam = (const double[])" + array("double", w.grad)]
    return fill("{ %s }," % ", ".join(lines), 4)


def fill(text, indent):
    return textwrap.fill(text, 96, initial_indent=" " * indent, subsequent_indent=" " * (indent + 2),
                         break_long_words=False, break_on_hyphens=False)


def main():
    unit, loose, weights, beta = make_inputs()
    inputs = {"unit": unit, "loose": loose, "beta": beta, "weights": weights, "centres": weights}
    print("""/* objective_vectors.c - written by tests/golden/torch_objectives.py: losses and gradients in
 * double.
 *
 * SPDX-License-Identifier: MIT */
#include "objective_case.h"

/* clang-format off */""")
    for name in ("unit", "loose", "weights", "beta"):
        print(fill("static const float %s[] = %s;" % (name, array("float", inputs[name])), 0))
    print("#define centres weights")
    for name, values in ("labels", LABELS), ("four", FOUR):
        print("static const uint32_t %s[] = { %s };" % (name, ", ".join(map(str, values))))
    print("\nconst objective_vector objective_vectors[] = {")
    for case in CASES:
        print(text_of(case, inputs))
    print("    { .name = NULL }\n};")


main()
