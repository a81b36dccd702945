#!/usr/bin/env python3
"""torch_train.py - three steps of training as PyTorch takes them, in double and in float.

    /usr/bin/python3 tests/golden/torch_train.py --out DIR [--only resnet18,...] [--seed N]

Adam with the defaults of FINDML's line (weight decay 4e-4 added to the gradient) at a learning
rate of 1e-5, a fresh batch for every step. The loss is the squared distance of a row of the
output to a random target, averaged over the batch; or the margin objective over all triplets, of
unit rows behind a linear head, with a learned beta for each class.

Batch normalisation trains, or is frozen: statistics, scales and shifts stay.

Double is the truth. Float is the yardstick: its own distance from the truth tells how much of ours
is the float's and not an error. It is the largest of several runs whose pictures differ in the last
bit, since a relu or a hinge near its kink falls to either side by chance: two such runs may differ
fortyfold in how near they come. DIR gets, and train.tsv lists (train_case.h),

    NAME_first.safetensors  first weights, as floats, from which both begin
    NAME_x.npy              [steps, N, 3, side, side]
    NAME_target.npy         [steps, N, columns], or class numbers [steps, N]
    NAME_want.safetensors   of the truth: "update/T", what the steps added to tensor T, in float; of
                            trained ones also "gradient/T" of the first step; "loss", double [steps]
    NAME_peer.safetensors   of the yardstick, relative errors: for each T [3] of the tensor, its update
                            and its gradient, double; the same of all "weights" and of all
                            "statistics" as one tensor; "loss" [steps]

A relative error is || a - truth || / || truth ||, Euclidean.

SPDX-License-Identifier: MIT
"""
import argparse
import copy
import pathlib
import sys
import types

import numpy
import torch
from torch import nn

sys.dont_write_bytecode = True
from torch_files import safetensors  # noqa: E402
from torch_models import MODELS, Embedding, make_real  # noqa: E402

RUNS = 5  # of the yardstick
STEPS, LR, BETA_LR, DECAY = 3, 1e-5, 5e-4, 4e-4
DIM, GAMMA, BETA = 128, 0.2, 1.2
TOLERANCE = 1e-4  # of losses, weights and statistics
# network: side of the pictures, batch, classes where the loss is of classes
NETS = {"resnet18": (64, 8, 4), "cnn4": (32, 20, 5), "mobilefacenet": (112, 6, 3),
        "mobilenet_v2": (64, 6, 3), "resnet50": (64, 4, 2)}
CASES = ([(net, norm, "squares") for net in NETS for norm in ("batch", "frozen")] +
         [("cnn4", "batch", "margin"), ("resnet18", "frozen", "margin")])


class WithHead(nn.Module):
    """A network, the head behind it, and the objective's parameter."""

    def __init__(self, net, n_columns, n_classes):
        super().__init__()
        self.trunk = Embedding(net)
        self.head = nn.Linear(n_columns, DIM)
        self.beta = nn.Parameter(torch.full((n_classes,), BETA))

    def forward(self, x):
        return nn.functional.normalize(self.head(self.trunk(x)))


def name_of(key):
    """As fdml names what PyTorch's module calls `key`; None: no part of the training."""
    key = key.replace("trunk.net.", "").replace("net.", "", 1)
    if key.startswith(("fc.", "classifier.")) or key.endswith("num_batches_tracked"):
        return None
    return "loss.beta" if key == "beta" else key


def tensors(module, gradients=False):
    """fdml's name -> copy, of everything that is compared."""
    found = {}
    for key, value in module.state_dict(keep_vars=True).items():
        name = name_of(key)
        value = value.grad if gradients else value
        if name and value is not None:
            found[name] = value.detach().clone()
    return found


def squares(module, x, target):
    return ((module(x) - target) ** 2).sum(1).mean()


def margin(module, x, label):
    """Wu et al. 2017 over all (anchor, positive, negative) of the batch: sum of both hinges over
    the number of triplets of which one is above 0."""
    f = module(x)
    distance = ((f[:, None] - f[None]) ** 2).sum(-1) + torch.eye(len(f), dtype=f.dtype)
    distance = distance.sqrt()
    same = label[:, None] == label[None]
    a, p, n = torch.nonzero((same & ~torch.eye(len(f), dtype=bool))[:, :, None] & ~same[:, None],
                            as_tuple=True)
    near = torch.relu(distance[a, p] - module.beta[label[a]] + GAMMA)
    far = torch.relu(module.beta[label[a]] - distance[a, n] + GAMMA)
    return (near + far).sum() / ((near > 0) | (far > 0)).sum()


def groups(module):
    """Adam's: the objective's parameter has its own learning rate and no decay."""
    beta = [p for key, p in module.named_parameters() if key == "beta"]
    others = [p for key, p in module.named_parameters()
              if key != "beta" and name_of(key) and p.requires_grad]
    yield {"params": others, "lr": LR, "weight_decay": DECAY}
    if beta:
        yield {"params": beta, "lr": BETA_LR, "weight_decay": 0.0}


def train(module, loss, x, target, dtype):
    """Losses, the first gradients, and tensors after the last step."""
    module = copy.deepcopy(module).to(dtype)
    optimiser = torch.optim.Adam(list(groups(module)))
    losses, first = [], None
    for step in range(STEPS):
        goal = target[step]
        value = loss(module, x[step].to(dtype), goal.to(dtype) if goal.is_floating_point() else goal)
        optimiser.zero_grad()
        value.backward()
        first = first or tensors(module, gradients=True)
        optimiser.step()
        losses.append(float(value))
    return types.SimpleNamespace(loss=losses, gradient=first, after=tensors(module))


def norm_of(values):
    return sum(float((v.double() ** 2).sum()) for v in values) ** 0.5


def relative(got, want):
    """Of lists of tensors as one; 0 of nothing."""
    off = norm_of(a.double() - b for a, b in zip(got, want))
    return off / norm_of(want) if off else 0.0


def errors(peer, truth, start, names):
    """[3] for the tensors `names` as one: weights, update, gradient."""
    after, want = ([side.after[n].double() for n in names] for side in (peer, truth))
    update, wanted = ([v - start[n].double() for v, n in zip(values, names)]
                      for values in (after, want))
    trained = [n for n in names if n in truth.gradient]
    return torch.tensor([relative(after, want), relative(update, wanted),
                         relative([peer.gradient[n] for n in trained],
                                  [truth.gradient[n] for n in trained])], dtype=torch.double)


def all_errors(peer, truth, start):
    buffers = [n for n in start if n.endswith(("running_mean", "running_var"))]
    weights = [n for n in start if n not in buffers]
    told = {n: errors(peer, truth, start, [n]) for n in start}
    told["weights"] = errors(peer, truth, start, weights)
    told["statistics"] = errors(peer, truth, start, buffers)
    told["loss"] = torch.tensor([abs(a / b - 1) for a, b in zip(peer.loss, truth.loss)],
                                dtype=torch.double)
    return told


def yardstick(module, run, x, target, truth):
    """The largest errors of RUNS runs in float; the first has the pictures as they are."""
    worst = {}
    for i in range(RUNS):
        torch.manual_seed(i)
        moved = x * (1 + (2.0 ** -24 * torch.randn(x.shape) if i else 0))
        told = all_errors(train(module, run, moved, target, torch.float), truth, tensors(module))
        worst = {n: torch.maximum(e, worst[n]) if worst else e for n, e in told.items()}
    return worst


def make(net, norm, loss, seed):
    """The module with its first weights, and all batches."""
    side, n, n_classes = NETS[net]
    torch.manual_seed(seed)
    inner = make_real(MODELS[net](), (3, side, side))
    x = torch.randn(STEPS, n, 3, side, side)
    columns = Embedding(inner).eval()(x[0]).shape[1]
    if loss == "margin":
        module = WithHead(inner, columns, n_classes)
        target = torch.stack([torch.arange(n) % n_classes for _ in range(STEPS)])
    else:
        module = Embedding(inner)
        target = torch.randn(STEPS, n, columns)
    module.train()
    for part in module.modules():
        if norm == "frozen" and isinstance(part, (nn.BatchNorm1d, nn.BatchNorm2d)):
            part.eval().requires_grad_(False)
    return module, x, target


def write(folder, net, norm, loss, seed):
    name = f"{net}_{norm}_{loss}"
    module, x, target = make(net, norm, loss, seed)
    start = tensors(module)
    run = {"squares": squares, "margin": margin}[loss]
    truth = train(module, run, x, target, torch.double)
    told = yardstick(module, run, x, target, truth)
    want = {"update/" + n: (truth.after[n] - start[n].double()).float() for n in start}
    want.update({"gradient/" + n: g.float() for n, g in truth.gradient.items() if name_of(n)})
    want["loss"] = torch.tensor(truth.loss, dtype=torch.double)
    safetensors(folder / f"{name}_first.safetensors", start)
    safetensors(folder / f"{name}_want.safetensors", want)
    safetensors(folder / f"{name}_peer.safetensors", told)
    numpy.save(folder / f"{name}_x.npy", x.numpy().astype("<f4"))
    numpy.save(folder / f"{name}_target.npy", target.numpy().astype("<f4"))
    print(f"{name}: losses {' '.join('%.6g' % v for v in truth.loss)}; float32 differs by "
          f"{max(told['loss']):.1e} in the loss, {told['weights'][0]:.1e} in the weights, "
          f"{told['weights'][1]:.1e} in their update, {told['weights'][2]:.1e} in the gradient", flush=True)
    return "\t".join([net, name, norm, loss, str(LR), str(TOLERANCE)])


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--out", required=True)
    parser.add_argument("--only", default=",".join(NETS))
    parser.add_argument("--seed", type=int, default=11)
    args = parser.parse_args()
    unknown = set(args.only.split(",")) - set(NETS)
    if unknown:
        parser.error(f"no network '{min(unknown)}'; there are {', '.join(NETS)}")
    folder = pathlib.Path(args.out)
    folder.mkdir(parents=True, exist_ok=True)
    lines = [write(folder, *case, args.seed) for case in CASES if case[0] in args.only.split(",")]
    (folder / "train.tsv").write_text("\n".join(lines) + "\n")


if __name__ == "__main__":
    main()
