#!/usr/bin/env python3
"""torch_models.py - the backbones as PyTorch computes them: weights, ONNX files, inputs, outputs.

    /usr/bin/python3 tests/golden/torch_models.py --out DIR [--models resnet18,...] [--seed N]

Nothing is downloaded: weights are drawn from the seed, and then made as trained ones look, with
batch statistics that fit the activations and scales and shifts that are not 1 and 0. For each
NAME of resnet18 resnet34 resnet50 mobilenet_v2 mobilefacenet cnn4, DIR gets

    NAME.safetensors      the state_dict under torchvision's names, the classifier included
    NAME.onnx             to the pooled embedding; batch normalisation folded by torch
    NAME_bn.onnx          the same with BatchNormalization nodes
    NAME_head.onnx        to the classifier's output (not for mobilefacenet and cnn4: they have none)
    NAME_input.npy        [2, 3, 224, 224]; of mobilefacenet 112 x 112, of cnn4 32 x 32 pixels
    NAME_embedding.npy    what NAME.onnx gives, NAME_logits.npy what NAME_head.onnx gives

and a line in cases.tsv for each comparison (torch_files.py).

SPDX-License-Identifier: MIT
"""
import argparse
import sys

import torch
import torchvision
from torch import nn

sys.dont_write_bytecode = True
from torch_files import Folder, safetensors  # noqa: E402


class Block(nn.Module):
    """Convolution, batch normalisation and, except in a projection, PReLU."""

    def __init__(self, n_in, n_out, kernel, stride=1, padding=0, groups=1, active=True):
        super().__init__()
        self.conv = nn.Conv2d(n_in, n_out, kernel, stride, padding, groups=groups, bias=False)
        self.bn = nn.BatchNorm2d(n_out)
        if active:
            self.prelu = nn.PReLU(n_out)

    def forward(self, x):
        x = self.bn(self.conv(x))
        return self.prelu(x) if hasattr(self, "prelu") else x


class DepthWise(nn.Module):
    """Expand, filter each channel, project; with a shortcut where the shape stays."""

    def __init__(self, n_in, n_out, groups, stride, residual=False):
        super().__init__()
        self.conv = Block(n_in, groups, 1)
        self.conv_dw = Block(groups, groups, 3, stride, 1, groups)
        self.project = Block(groups, n_out, 1, active=False)
        self.residual = residual

    def forward(self, x):
        y = self.project(self.conv_dw(self.conv(x)))
        return x + y if self.residual else y


class Residual(nn.Module):
    def __init__(self, n, n_blocks, groups):
        super().__init__()
        self.model = nn.Sequential(*[DepthWise(n, n, groups, 1, True) for _ in range(n_blocks)])

    def forward(self, x):
        return self.model(x)


class MobileFaceNet(nn.Module):
    """Chen et al. 2018, arXiv:1804.07573, under the parameter names that PyTorch versions use."""

    def __init__(self, size=128):
        super().__init__()
        self.conv_1 = Block(3, 64, 3, 2, 1)
        self.conv_2_dw = Block(64, 64, 3, 1, 1, 64)
        self.conv_23 = DepthWise(64, 64, 128, 2)
        self.conv_3 = Residual(64, 4, 128)
        self.conv_34 = DepthWise(64, 128, 256, 2)
        self.conv_4 = Residual(128, 6, 256)
        self.conv_45 = DepthWise(128, 128, 512, 2)
        self.conv_5 = Residual(128, 2, 256)
        self.conv_6_sep = Block(128, 512, 1)
        self.conv_6_dw = Block(512, 512, 7, groups=512, active=False)
        self.linear = nn.Linear(512, size, bias=False)
        self.bn = nn.BatchNorm1d(size)

    def forward(self, x):
        x = self.conv_23(self.conv_2_dw(self.conv_1(x)))
        x = self.conv_5(self.conv_45(self.conv_4(self.conv_34(self.conv_3(x)))))
        return self.bn(self.linear(self.conv_6_dw(self.conv_6_sep(x)).flatten(1)))


class Cnn4(nn.Module):
    """Four convolutions; means and maxima of the planes (src/model/cnn4.c)."""

    def __init__(self):
        super().__init__()
        shapes = [(3, 24, 5, 2), (24, 32, 3, 1), (32, 64, 3, 2), (64, 128, 3, 2)]
        for i, (n_in, n_out, kernel, stride) in enumerate(shapes, 1):
            conv = nn.Conv2d(n_in, n_out, kernel, stride, kernel // 2, bias=False)
            self.add_module(f"conv{i}", conv)
            self.add_module(f"bn{i}", nn.BatchNorm2d(n_out))

    def forward(self, x):
        for i in range(1, 5):
            x = torch.relu(getattr(self, f"bn{i}")(getattr(self, f"conv{i}")(x)))
        return torch.cat([x.mean((2, 3)), x.amax((2, 3))], 1)


TOLERANCE = 1e-4
SIZES = {"mobilefacenet": 112, "cnn4": 32}  # others: 224

MODELS = {
    "resnet18": lambda: torchvision.models.resnet18(weights=None),
    "resnet34": lambda: torchvision.models.resnet34(weights=None),
    "resnet50": lambda: torchvision.models.resnet50(weights=None),
    "mobilenet_v2": lambda: torchvision.models.mobilenet_v2(weights=None),
    "mobilefacenet": MobileFaceNet,
    "cnn4": Cnn4,
}


class Embedding(nn.Module):
    """A network up to its pooled features."""

    def __init__(self, net):
        super().__init__()
        self.net = net

    def forward(self, x):
        net = self.net
        if hasattr(net, "layer1"):
            x = net.maxpool(net.relu(net.bn1(net.conv1(x))))
            x = net.layer4(net.layer3(net.layer2(net.layer1(x))))
            return torch.flatten(net.avgpool(x), 1)
        if hasattr(net, "features"):
            x = nn.functional.adaptive_avg_pool2d(net.features(x), (1, 1))
            return torch.flatten(x, 1)
        return net(x)


def has_head(net):
    return hasattr(net, "layer1") or hasattr(net, "features")


def make_real(net, shape):
    """Weights as training leaves them. Scales and shifts are drawn first; then the statistics
    are those of a batch, so that every normalised activation is of order 1; then they are
    moved off them, by up to a tenth of the deviation and a fifth of the variance."""
    norms = [m for m in net.modules() if isinstance(m, (nn.BatchNorm1d, nn.BatchNorm2d))]
    with torch.no_grad():
        for module in net.modules():
            if isinstance(module, nn.PReLU):
                module.weight.uniform_(-0.2, 0.6)
        for norm in norms:
            norm.weight.uniform_(0.5, 1.5)
            norm.bias.normal_(0, 0.2)
            norm.momentum = None  # the plain mean over batches: here, of one
        net.train()
        net(torch.randn(4 if shape[1] > 200 else 16, *shape))
        for norm in norms:
            off = torch.rand_like(norm.running_var)
            norm.running_mean += (torch.rand_like(off) - 0.5) * 0.2 * norm.running_var.sqrt()
            norm.running_var *= 0.8 + 0.4 * off
            norm.momentum = 0.1
    return net.eval()


def write(folder, name, seed):
    torch.manual_seed(seed)
    shape = (3, SIZES.get(name, 224), SIZES.get(name, 224))
    net = make_real(MODELS[name](), shape)
    x = torch.randn(2, *shape)
    embed = Embedding(net).eval()
    weights = name + ".safetensors"
    safetensors(folder.path / weights, net.state_dict(), {"format": "pt"})
    with torch.no_grad():
        y = embed(x)
        x_name = folder.npy(name + "_input.npy", x)
        y_name = folder.npy(name + "_embedding.npy", y)
        plain = folder.onnx(name + ".onnx", embed, x)
        kept = folder.onnx(name + "_bn.onnx", embed, x, keep_bn=True)
        folder.case("onnx", name, plain, x_name, y_name, TOLERANCE)
        folder.case("onnx", name + "_bn", kept, x_name, y_name, TOLERANCE)
        folder.case(name, name + "_weights", weights, x_name, y_name, TOLERANCE)
        print(f"{name}: embedding {list(y.shape)}, deviation {y.std():.3g}, largest {y.abs().max():.3g}")
        if has_head(net):
            y_name = folder.npy(name + "_logits.npy", net(x))
            head = folder.onnx(name + "_head.onnx", net, x)
            folder.case("onnx", name + "_head", head, x_name, y_name, TOLERANCE)
            folder.case(name + "+head", name + "_weights_head", weights, x_name, y_name, TOLERANCE)


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--out", required=True)
    parser.add_argument("--models", default=",".join(MODELS))
    parser.add_argument("--seed", type=int, default=7)
    args = parser.parse_args()
    unknown = set(args.models.split(",")) - set(MODELS)
    if unknown:
        parser.error(f"no model '{min(unknown)}'; there are {', '.join(MODELS)}")
    folder = Folder(args.out)
    for name in args.models.split(","):
        write(folder, name, args.seed)
    folder.close()


if __name__ == "__main__":
    main()
