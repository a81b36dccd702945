#!/usr/bin/env python3
"""torch_parade.py - writes tests/unit/torch_parade.h: twenty steps behind a trunk, by PyTorch's
autograd in double.

Two attributes: "color" is separated by DiVA's form, not detached, with a warm-up of rho and some
unknown codes; "size" by a probe in one run, by the covariance within classes in the other, and is
detached. The objective is the normalised softmax at temperature 0.05, the features are
parameters too, Adam moves everything. First values and codes follow formulas which
tests/unit/test_train_parade_torch.c repeats.

Needs python3-torch; made with PyTorch 1.13. Running it again changes nothing.

SPDX-License-Identifier: MIT
"""
import pathlib

import torch
import torch.nn.functional as F

OUT = pathlib.Path(__file__).resolve().parent.parent / "unit" / "torch_parade.h"
ROWS, IN, DIM, Z, HIDDEN, STEPS = 24, 10, 6, 5, 9, 20
CLASSES, COLORS, SIZES = 4, 3, 2
torch.set_default_dtype(torch.float64)


class Reverse(torch.autograd.Function):
    @staticmethod
    def forward(ctx, x):
        return x.view_as(x)

    @staticmethod
    def backward(ctx, gradient):
        return -gradient


def shapes(has_probe):
    """In the order in which fdml lists them, the features last."""
    yield from [("head.weight", (DIM, IN)), ("head.bias", (DIM,)), ("loss", (CLASSES, DIM)),
                ("color.weight", (Z, IN)), ("color.bias", (Z,)), ("color.loss", (COLORS, Z)),
                ("color.w1", (HIDDEN, Z)), ("color.c1", (HIDDEN,)),
                ("color.w2", (DIM, HIDDEN)), ("color.c2", (DIM,)),
                ("size.weight", (Z, IN)), ("size.bias", (Z,)), ("size.loss", (SIZES, Z))]
    if has_probe:
        yield from [("size.w1", (HIDDEN, DIM)), ("size.c1", (HIDDEN,)),
                    ("size.w2", (SIZES, HIDDEN)), ("size.c2", (SIZES,))]
    yield "h", (ROWS, IN)


def first_values(index, shape):
    n = torch.Size(shape).numel()
    return torch.tensor([((37 * i + 11 * index + i * i) % 61 - 30) / 64
                         for i in range(n)]).reshape(shape)


def unit(x):
    return F.normalize(x, dim=-1)


def softmax_loss(p, f, name, target):
    return F.cross_entropy(unit(f) @ unit(p[name]).T / 0.05, target)


def net(p, name, x):
    hidden = F.relu(x @ p[name + ".w1"].T + p[name + ".c1"])
    return hidden @ p[name + ".w2"].T + p[name + ".c2"]


def covariance(f, label, size):
    """Squared Frobenius norm of the covariance of f and one-hot size, pooled within classes."""
    a = F.one_hot(size, SIZES).double()
    c = torch.zeros(DIM, SIZES)
    for k in label.unique():
        rows = label == k
        c = c + (f[rows] - f[rows].mean(0)).T @ (a[rows] - a[rows].mean(0))
    return ((c / len(f)) ** 2).sum()


def loss_of(p, step, has_probe):
    i = torch.arange(ROWS)
    label, color, size = i // 2 % CLASSES, i * i % COLORS, i // 5 % SIZES
    known = i % 7 > 0
    h = p["h"]
    f = unit(h @ p["head.weight"].T + p["head.bias"])
    z = unit(h[known] @ p["color.weight"].T + p["color.bias"])
    apart = unit(h.detach() @ p["size.weight"].T + p["size.bias"])
    v = unit(net(p, "color", Reverse.apply(z)))
    square = ((Reverse.apply(f[known]) * v) ** 2).mean()
    rho = 0.4 * DIM ** 2 * min(step, 5) / 5
    if has_probe:
        size_loss = 0.5 * F.cross_entropy(net(p, "size", Reverse.apply(f)), size)
    else:
        size_loss = 8 * covariance(f, label, size)
    return (softmax_loss(p, f, "loss", label) - rho * square + size_loss +
            0.3 * softmax_loss(p, z, "color.loss", color[known]) +
            0.2 * softmax_loss(p, apart, "size.loss", size))


def run(has_probe):
    p = {name: torch.nn.Parameter(first_values(k, shape))
         for k, (name, shape) in enumerate(shapes(has_probe))}
    nets = (".w1", ".c1", ".w2", ".c2")
    optimiser = torch.optim.Adam([
        {"params": [w], "lr": 5e-4 if "loss" in name else 5e-3 if name.endswith(nets) else 1e-2,
         "weight_decay": 0.0 if "loss" in name or name.endswith(nets) else 4e-4}
        for name, w in p.items()])
    losses = []
    for step in range(STEPS):
        optimiser.zero_grad()
        loss = loss_of(p, step, has_probe)
        loss.backward()
        losses.append(loss.item())
        if step == 0:  # rho is 0: the small net has no part yet
            for name in nets:
                p["color" + name].grad = None
        optimiser.step()
    return losses, [x for w in p.values() for x in w.detach().flatten().tolist()][::7]


lines = ["/* torch_parade.h - what PyTorch makes of twenty steps behind a trunk; made by",
         " * tests/golden/torch_parade.py, which says how.",
         " *", " * SPDX-License-Identifier: MIT */",
         "#ifndef FDML_TESTS_UNIT_TORCH_PARADE_H", "#define FDML_TESTS_UNIT_TORCH_PARADE_H", "",
         "/* clang-format off */",
         "/* the loss of each step; and behind them every seventh number of all parameters */"]
for name, has_probe in (("probe", True), ("covariance", False)):
    for kind, values in zip(("loss", "values"), run(has_probe)):
        lines.append(f"static const double torch_parade_{name}_{kind}[] = {{")
        lines += ["    " + ", ".join(f"{x:.9f}" for x in values[i:i + 7]) + ","
                  for i in range(0, len(values), 7)]
        lines.append("};")
lines += ["/* clang-format on */", "", "#endif"]
OUT.write_text("\n".join(lines) + "\n")
