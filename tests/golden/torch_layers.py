#!/usr/bin/env python3
"""torch_layers.py - single layers in odd settings, as PyTorch computes them.

    /usr/bin/python3 tests/golden/torch_layers.py --out DIR [--seed N]

A whole network that agrees says nothing about a stride of 3 with a dilation of 2. Each case is a
small module and the shape of its input; DIR gets NAME_opN.onnx for every opset N that it can be
exported to, NAME_input.npy, NAME_output.npy, and lines in cases.tsv (torch_files.py).

SPDX-License-Identifier: MIT
"""
import argparse
import sys

import torch
from torch import nn
from torch.nn import functional as F

sys.dont_write_bytecode = True
from torch_files import Folder  # noqa: E402

TOLERANCE = 1e-5
OPSETS = (9, 11, 13, 17)
# At opset 9 torch writes Upsample, which samples at other points, and emulates ceil_mode by
# padding as wide as the kernel, which ONNX Runtime refuses: files that prove nothing.
NOT_AT_9 = {"resize_nearest", "resize_bilinear", "resize_down", "max_pool_ceil_padded",
            "average_pool_ceil_exclude"}


class Call(nn.Module):
    """A function of one tensor as a module."""

    def __init__(self, function):
        super().__init__()
        self.function = function

    def forward(self, x):
        return self.function(x)


class Attention(nn.Module):
    """What a vision transformer does in a block: products of activations, softmax, norm."""

    def __init__(self, n, heads):
        super().__init__()
        self.heads, self.norm = heads, nn.LayerNorm(n)
        self.qkv, self.out = nn.Linear(n, 3 * n), nn.Linear(n, n)

    def forward(self, x):
        n, t, c = x.shape
        qkv = self.qkv(self.norm(x)).reshape(n, t, 3, self.heads, c // self.heads)
        q, k, v = qkv.permute(2, 0, 3, 1, 4).unbind(0)
        score = (q @ k.transpose(-2, -1)) * (c // self.heads) ** -0.5
        return x + self.out((score.softmax(-1) @ v).transpose(1, 2).reshape(n, t, c))


class SqueezeExcite(nn.Module):
    def __init__(self, n):
        super().__init__()
        self.down, self.up = nn.Conv2d(n, n // 4, 1), nn.Conv2d(n // 4, n, 1)

    def forward(self, x):
        y = F.hardsigmoid(self.up(F.relu(self.down(x.mean((2, 3), keepdim=True)))))
        return F.hardswish(x * y)


class Shuffle(nn.Module):
    """ShuffleNet's exchange of channels between groups, after a split."""

    def forward(self, x):
        a, b = x.chunk(2, dim=1)
        y = torch.cat([b, a * 2], 1)
        n, c, h, w = y.shape
        return y.view(n, 2, c // 2, h, w).transpose(1, 2).reshape(n, c, h, w)


def conv_cases():
    c1, c2, t2 = nn.Conv1d, nn.Conv2d, nn.ConvTranspose2d
    return {
        # name: module, shape
        "conv_3x3": (c2(3, 20, 3, padding=1), (2, 3, 17, 19)),
        "conv_3x3_wide": (c2(40, 24, 3, padding=1, bias=False), (3, 40, 23, 22)),
        "conv_3x3_no_padding": (c2(17, 33, 3), (2, 17, 14, 13)),
        "conv_3x3_tiny": (c2(16, 16, 3, padding=1), (2, 16, 1, 2)),
        "conv_3x3_stride2": (c2(16, 32, 3, 2, 1), (2, 16, 15, 16)),
        "conv_3x3_stride3_dilated": (c2(8, 12, 3, 3, 4, dilation=2), (2, 8, 25, 20)),
        "conv_1x1": (c2(24, 40, 1), (2, 24, 9, 7)),
        "conv_1x1_stride2": (c2(24, 40, 1, 2), (2, 24, 9, 7)),
        "conv_1x1_padded": (c2(5, 7, 1, 1, 2), (2, 5, 6, 6)),
        "conv_7x7_stride2": (c2(3, 64, 7, 2, 3), (2, 3, 41, 38)),
        "conv_5x3": (c2(6, 10, (5, 3), (2, 1), (1, 2)), (2, 6, 13, 11)),
        "conv_1x7_7x1": (nn.Sequential(c2(18, 18, (1, 7), padding=(0, 3)),
                                       c2(18, 21, (7, 1), padding=(3, 0))), (2, 18, 12, 12)),
        "conv_4x4_even": (c2(4, 9, 4, 2, 1), (1, 4, 12, 10)),
        "conv_groups": (c2(24, 36, 3, padding=1, groups=4), (2, 24, 10, 11)),
        "conv_groups_of_32": (c2(64, 64, 3, 2, 1, groups=2), (2, 64, 10, 11)),
        "conv_groups_1x1": (c2(20, 30, 1, groups=5), (2, 20, 6, 5)),
        "conv_depthwise": (c2(33, 33, 3, padding=1, groups=33), (2, 33, 12, 13)),
        "conv_depthwise_stride2": (c2(48, 48, 3, 2, 1, groups=48), (2, 48, 12, 13)),
        "conv_depthwise_5x5": (c2(20, 20, 5, 1, 2, groups=20), (2, 20, 11, 9)),
        "conv_depthwise_7x7_whole": (c2(40, 40, 7, groups=40), (2, 40, 7, 7)),
        "conv_depthwise_dilated": (c2(16, 16, 3, 1, 3, dilation=3, groups=16), (2, 16, 14, 9)),
        "conv_depthwise_times2": (c2(12, 24, 3, padding=1, groups=12), (2, 12, 8, 8)),
        "conv_dilated": (c2(16, 16, 3, padding=2, dilation=2), (2, 16, 14, 15)),
        "conv_dilated_unequal": (c2(8, 8, 3, padding=(1, 3), dilation=(1, 3)), (2, 8, 9, 15)),
        "conv_asymmetric": (nn.Sequential(nn.ZeroPad2d((0, 1, 2, 0)), c2(7, 9, 3, 2)),
                            (2, 7, 12, 12)),
        "conv_reflect": (nn.Sequential(nn.ReflectionPad2d((2, 1, 0, 2)), c2(7, 9, 3)),
                         (2, 7, 8, 9)),
        "conv_replicate": (nn.Sequential(nn.ReplicationPad2d(2), c2(7, 9, 5)), (2, 7, 8, 9)),
        "conv1d": (c1(12, 20, 5, 2, 2), (2, 12, 37)),
        "conv1d_dilated_groups": (c1(12, 24, 3, 1, 4, dilation=4, groups=3), (2, 12, 30)),
        "conv3d": (nn.Conv3d(4, 6, (2, 3, 3), (1, 2, 1), (1, 1, 0)), (2, 4, 5, 9, 8)),
        "transposed": (t2(10, 14, 3), (2, 10, 6, 7)),
        "transposed_stride2": (t2(16, 8, 4, 2, 1), (2, 16, 7, 6)),
        "transposed_output_padding": (t2(9, 6, 3, (2, 3), 1, output_padding=(1, 2)),
                                      (2, 9, 5, 6)),
        "transposed_groups": (t2(12, 18, 3, 2, 1, groups=3, dilation=2), (2, 12, 5, 6)),
        "transposed1d": (nn.ConvTranspose1d(6, 5, 4, 3, 1), (2, 6, 11)),
        "pixel_shuffle": (nn.Sequential(c2(3, 27, 3, padding=1), nn.PixelShuffle(3)),
                          (1, 3, 7, 8)),
    }


def norm_cases():
    return {
        "batch_norm": (nn.BatchNorm2d(21), (2, 21, 6, 7)),
        "batch_norm_1d": (nn.BatchNorm1d(37), (5, 37)),
        "batch_norm_3d_input": (nn.BatchNorm1d(11), (2, 11, 9)),
        "batch_norm_no_affine": (nn.BatchNorm2d(8, affine=False, eps=0.1), (2, 8, 5, 5)),
        "norm_then_conv": (nn.Sequential(nn.BatchNorm2d(10), nn.ReLU(),
                                         nn.Conv2d(10, 20, 3, padding=1, bias=False),
                                         nn.BatchNorm2d(20), nn.LeakyReLU(0.1)), (2, 10, 9, 9)),
        "conv_norm_clip": (nn.Sequential(nn.Conv2d(3, 32, 3, 2, 1, bias=False),
                                         nn.BatchNorm2d(32), nn.ReLU6()), (2, 3, 18, 18)),
        "linear_norm": (nn.Sequential(nn.Linear(19, 35), nn.BatchNorm1d(35), nn.Tanh()), (6, 19)),
        "instance_norm": (nn.InstanceNorm2d(9, affine=True), (2, 9, 11, 6)),
        "group_norm": (nn.GroupNorm(3, 12), (2, 12, 6, 5)),
        "layer_norm": (nn.LayerNorm(50), (4, 7, 50)),
        "layer_norm_planes": (nn.LayerNorm([6, 5, 4]), (3, 6, 5, 4)),
        "normalize": (Call(lambda x: F.normalize(x)), (5, 64)),
        "local_response": (Call(lambda x: x / (x.pow(2).sum(1, keepdim=True).sqrt() + 1)),
                           (2, 9, 4, 4)),
    }


def pool_cases():
    return {
        "max_pool": (nn.MaxPool2d(3, 2, 1), (2, 20, 17, 18)),
        "max_pool_ceil": (nn.MaxPool2d(3, 2, ceil_mode=True), (2, 20, 16, 18)),
        "max_pool_ceil_padded": (nn.MaxPool2d(3, 3, 1, ceil_mode=True), (2, 5, 15, 16)),
        "max_pool_dilated": (nn.MaxPool2d(3, 2, 1, dilation=2), (2, 5, 15, 16)),
        "max_pool_1d": (nn.MaxPool1d(4, 3, 1), (2, 6, 31)),
        "max_pool_2x1": (nn.MaxPool2d((2, 1), (2, 1)), (2, 6, 9, 9)),
        "average_pool": (nn.AvgPool2d(3, 2, 1), (2, 20, 17, 18)),
        "average_pool_exclude": (nn.AvgPool2d(3, 2, 1, count_include_pad=False), (2, 20, 17, 18)),
        "average_pool_ceil_exclude": (nn.AvgPool2d(3, 2, 1, ceil_mode=True,
                                                   count_include_pad=False), (2, 6, 16, 18)),
        "average_pool_2x2": (nn.AvgPool2d(2), (2, 33, 8, 10)),
        "average_pool_1d": (nn.AvgPool1d(5, 2, 2), (2, 6, 31)),
        "adaptive_average_1": (nn.AdaptiveAvgPool2d(1), (2, 35, 7, 6)),
        "adaptive_average_3": (nn.AdaptiveAvgPool2d((3, 2)), (2, 35, 9, 6)),
        "adaptive_max_1": (nn.AdaptiveMaxPool2d(1), (2, 35, 7, 6)),
        "lp_pool": (nn.LPPool2d(2, 3, 2), (2, 6, 13, 13)),
        "generalized_mean": (Call(lambda x: x.clamp(min=1e-6).pow(3).mean((2, 3)).pow(1 / 3)),
                             (2, 24, 7, 7)),
    }


def activation_cases():
    shape = (2, 19, 5, 7)
    plain = {
        "relu": nn.ReLU(), "relu6": nn.ReLU6(), "leaky_relu": nn.LeakyReLU(0.3),
        "prelu": nn.PReLU(19), "prelu_shared": nn.PReLU(), "elu": nn.ELU(1.5), "selu": nn.SELU(),
        "celu": nn.CELU(0.7), "sigmoid": nn.Sigmoid(), "tanh": nn.Tanh(), "silu": nn.SiLU(),
        "softplus": nn.Softplus(), "hardswish": nn.Hardswish(), "hardsigmoid": nn.Hardsigmoid(),
        "hardtanh": nn.Hardtanh(-0.3, 0.8), "gelu": nn.GELU(), "gelu_tanh": nn.GELU("tanh"),
        "mish": nn.Mish(), "softsign": nn.Softsign(), "softmax": nn.Softmax(1),
        "softmax_last": nn.Softmax(-1), "log_softmax": nn.LogSoftmax(2), "exp": Call(torch.exp),
        "log": Call(lambda x: torch.log(x.abs() + 0.1)), "erf": Call(torch.erf),
        "sqrt_abs": Call(lambda x: x.abs().sqrt()), "glu": Call(lambda x: F.glu(x[:, :18], 1)),
        "threshold": Call(lambda x: torch.where(x > 0.2, x * 2, -x)),
    }
    return {"act_" + name: (module, shape) for name, module in plain.items()}


def shape_cases():
    return {
        "reduce_mean": (Call(lambda x: x.mean((0, 2))), (3, 5, 7, 2)),
        "reduce_max": (Call(lambda x: x.amax(1, keepdim=True)), (3, 5, 7)),
        "reduce_min_all": (Call(lambda x: x.min()), (3, 5, 7)),
        "reduce_sum_square": (Call(lambda x: (x * x).sum(-1)), (3, 5, 7)),
        "norm_l1": (Call(lambda x: x.norm(p=1, dim=1)), (3, 50)),
        "broadcast": (Call(lambda x: (x + x[:, :1]) * x[:1] - x[:, :, :1] / 3), (4, 5, 6)),
        "slice_negative": (Call(lambda x: torch.flip(x, [2])[:, -3:, 1:-1:2]), (2, 7, 9)),
        "gather": (Call(lambda x: x[:, [2, 0, 0, 4]]), (3, 5, 4)),
        "split": (Call(lambda x: torch.cat([t * i for i, t in
                                            enumerate(x.split([1, 4, 2], 1))], 1)), (2, 7, 3)),
        "stack_squeeze": (Call(lambda x: torch.stack([x, -x], 1).squeeze(2)), (2, 1, 6)),
        "expand": (Call(lambda x: x.unsqueeze(1).expand(-1, 3, -1) + 1), (4, 6)),
        "transpose": (Call(lambda x: x.permute(3, 0, 2, 1) * 1), (2, 3, 4, 5)),
        "pad_constant": (Call(lambda x: F.pad(x, (1, 2, 0, 3), value=1.5)), (2, 3, 4, 5)),
        "view_by_shape": (Call(lambda x: x.view(x.size(0), -1, x.size(3))), (2, 3, 4, 5)),
        "resize_nearest": (nn.Upsample(scale_factor=2), (1, 3, 5, 6)),
        "resize_bilinear": (nn.Upsample(scale_factor=2, mode="bilinear"), (1, 3, 5, 6)),
        "resize_bilinear_corners": (nn.Upsample(size=(9, 7), mode="bilinear", align_corners=True),
                                    (1, 3, 5, 6)),
        "resize_down": (nn.Upsample(size=(4, 5), mode="bilinear"), (1, 3, 9, 13)),
        "matmul_batched": (Call(lambda x: x @ x.transpose(1, 2)), (3, 5, 18)),
        "linear_3d": (nn.Linear(18, 33), (3, 5, 18)),
        "linear_no_bias": (nn.Linear(45, 20, bias=False), (3, 45)),
        "attention": (Attention(24, 3), (2, 9, 24)),
        "squeeze_excite": (SqueezeExcite(32), (2, 32, 6, 6)),
        "shuffle": (Shuffle(), (2, 12, 5, 4)),
        "min_max": (Call(lambda x: torch.maximum(torch.minimum(x, x.flip(0)), -x * 0.5)), (4, 9)),
    }


def draw(module):
    """Every parameter and statistic away from the values that hide a mistake: 0 and 1."""
    with torch.no_grad():
        for norm in module.modules():
            if getattr(norm, "running_var", None) is not None:
                norm.running_mean.normal_(0, 0.5)
                norm.running_var.uniform_(0.3, 2)
            if isinstance(norm, (nn.BatchNorm1d, nn.BatchNorm2d, nn.LayerNorm, nn.GroupNorm,
                                 nn.InstanceNorm2d)) and norm.weight is not None:
                norm.weight.uniform_(-1.5, 1.5)
                norm.bias.normal_(0, 0.5)
            if isinstance(norm, nn.PReLU):
                norm.weight.uniform_(-0.5, 0.9)
    return module.eval()


def write(folder, name, module, shape, counts):
    draw(module)
    x = torch.randn(*shape)
    with torch.no_grad():
        y = module(x)
        for opset in OPSETS[1:] if name in NOT_AT_9 else OPSETS:
            model = f"layer_{name}_op{opset}.onnx"
            try:
                folder.onnx(model, module, x, opset=opset, is_batch_free=False)
            except Exception as error:  # torch raises many kinds for "not in this opset"
                (folder.path / model).unlink(missing_ok=True)
                counts["no export"].append(f"{name}_op{opset}")
                if opset == max(OPSETS):
                    raise SystemExit(f"{name} cannot be exported at all: {error}")
                continue
            counts["exported"].append(model)
            folder.case("onnx", f"layer_{name}_op{opset}", model,
                        folder.npy(f"layer_{name}_input.npy", x),
                        folder.npy(f"layer_{name}_output.npy", y), TOLERANCE)


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--out", required=True)
    parser.add_argument("--seed", type=int, default=7)
    args = parser.parse_args()
    folder = Folder(args.out)
    torch.manual_seed(args.seed)
    counts = {"exported": [], "no export": []}
    for cases in conv_cases, norm_cases, pool_cases, activation_cases, shape_cases:
        for name, (module, shape) in cases().items():
            write(folder, name, module, shape, counts)
    folder.close()
    print(f"layers: {len(counts['exported'])} models; torch has no export of "
          + " ".join(counts["no export"]))


if __name__ == "__main__":
    main()
