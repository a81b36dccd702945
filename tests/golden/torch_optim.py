#!/usr/bin/env python3
"""torch_optim.py - writes tests/unit/torch_optim.h: what PyTorch's optimisers make of a few
weights, and its schedulers of a few steps.

Two parameters: the first with the run's learning rate and decay, the second with a learning rate
of its own and no decay. Weights and gradients are sixteenths, exact in float, by the formulas of
start() and gradient(), which tests/unit/test_train_optim.c repeats. From step 6 on all learning
rates are halved. Clipping is that of torch.nn.utils.

Needs python3-torch; made with PyTorch 1.13. Running it again changes nothing.

SPDX-License-Identifier: MIT
"""
import pathlib
import warnings

import torch
from torch.nn.utils import clip_grad_norm_, clip_grad_value_
from torch.optim import lr_scheduler as schedulers

warnings.filterwarnings("ignore")
OUT = pathlib.Path(__file__).resolve().parent.parent / "unit" / "torch_optim.h"
SIZES = (7, 4)
OPTIMISERS = {
    "sgd": lambda groups: torch.optim.SGD(groups, lr=0.1, weight_decay=0.05),
    "momentum": lambda groups: torch.optim.SGD(groups, lr=0.1, momentum=0.9, weight_decay=0.05),
    "nesterov": lambda groups: torch.optim.SGD(groups, lr=0.1, momentum=0.8, weight_decay=0.05,
                                               nesterov=True),
    "adam": lambda groups: torch.optim.Adam(groups, lr=0.1, weight_decay=0.05),
    "adamw": lambda groups: torch.optim.AdamW(groups, lr=0.1, betas=(0.8, 0.95), eps=1e-3,
                                              weight_decay=0.05),
    "clip_norm": lambda groups: torch.optim.SGD(groups, lr=0.1, weight_decay=0.05),
    "clip_value": lambda groups: torch.optim.Adam(groups, lr=0.1, weight_decay=0.05),
}


def start(p, i):
    return ((5 * i + 3 * p + 3) % 11 - 5) / 4


def gradient(p, i, t):
    return ((37 * i + 101 * t + 13 * p) % 41 - 20) / 16


def run(name, make):
    weights = [torch.nn.Parameter(torch.tensor([start(p, i) for i in range(n)]))
               for p, n in enumerate(SIZES)]
    groups = [{"params": [weights[0]]},
              {"params": [weights[1]], "lr": 0.25, "weight_decay": 0.0}]
    optimiser = make(groups)
    rows = []
    for t in range(1, 11):
        if t == 6:
            for group in optimiser.param_groups:
                group["lr"] *= 0.5
        for p, w in enumerate(weights):
            w.grad = torch.tensor([gradient(p, i, t) for i in range(SIZES[p])])
        if name == "clip_norm":
            clip_grad_norm_(weights, 1.5)
        if name == "clip_value":
            clip_grad_value_(weights, 0.5)
        optimiser.step()
        rows.append([float(x) for w in weights for x in w.detach()])
    return rows


def factors(make):
    """Of steps 0 to 29, in double."""
    optimiser = torch.optim.SGD([torch.nn.Parameter(torch.zeros(1))], lr=1.0)
    scheduler, values = make(optimiser), []
    for _ in range(30):
        values.append(optimiser.param_groups[0]["lr"])
        optimiser.step()
        scheduler.step()
    return values


def warmed(optimiser, then):
    return schedulers.SequentialLR(
        optimiser, [schedulers.LinearLR(optimiser, start_factor=0.2, total_iters=5), then], [5])


SCHEDULES = {
    "warmup": lambda o: schedulers.LinearLR(o, start_factor=0.2, total_iters=5),
    "step": lambda o: schedulers.MultiStepLR(o, [4, 10, 11], gamma=0.3),
    "cosine": lambda o: schedulers.CosineAnnealingLR(o, 29, eta_min=0.05),
    "warm_cosine": lambda o: warmed(o, schedulers.CosineAnnealingLR(o, 24, eta_min=0.05)),
}

lines = ["/* torch_optim.h - what PyTorch makes of a few weights and steps; made by",
         " * tests/golden/torch_optim.py, which says how.",
         " *", " * SPDX-License-Identifier: MIT */",
         "#ifndef FDML_TESTS_UNIT_TORCH_OPTIM_H", "#define FDML_TESTS_UNIT_TORCH_OPTIM_H", "",
         "/* clang-format off */", "/* [step][items of both parameters] */"]
for name, make in OPTIMISERS.items():
    lines.append(f"static const float torch_{name}[10][{sum(SIZES)}] = {{")
    lines += ["    { " + ", ".join(f"{x:.9g}f" if "." in f"{x:.9g}" or "e" in f"{x:.9g}"
                                   else f"{x:.9g}.0f" for x in row) + " }," for row in run(name, make)]
    lines.append("};")
for name, make in SCHEDULES.items():
    lines.append(f"static const double torch_schedule_{name}[30] = {{")
    values = [f"{x:.17g}" for x in factors(make)]
    lines += ["    " + ", ".join(values[i:i + 4]) + "," for i in range(0, 30, 4)]
    lines.append("};")
lines += ["/* clang-format on */", "", "#endif"]
OUT.write_text("\n".join(lines) + "\n")
