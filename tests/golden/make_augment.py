#!/usr/bin/env python3
"""make_augment.py - writes tests/golden/augment: what torchvision makes of one small picture.

jitter_K.npy holds ColorJitter's steps on the tensor of images/resize/source.ppm, with the
factors and the order that tests/unit/test_train_augment.c lists; whole.npy a crop that is
resized, mirrored, moved and coloured, then normalised. C order, <f4, [3, H, W].

Printed: what 100,000 draws of RandomResizedCrop.get_params come to on the average.

Needs python3-pil, python3-numpy and python3-torchvision; made with Pillow 9.4 and torchvision
0.14. Running it again changes nothing but the last digits printed.

SPDX-License-Identifier: MIT
"""
import math
import pathlib

import numpy as np
import torch
from PIL import Image
from torchvision import transforms
from torchvision.transforms import functional

HERE = pathlib.Path(__file__).resolve().parent
OUT = HERE / "augment"
STEPS = (functional.adjust_brightness, functional.adjust_contrast,
         functional.adjust_saturation, functional.adjust_hue)
# The four factors, and the order in which they are applied.
JITTER = (((1.4, 1, 1, 0), (0, 1, 2, 3)), ((1, 0.3, 1, 0), (0, 1, 2, 3)),
          ((1, 1, 1.8, 0), (0, 1, 2, 3)), ((1, 1, 1, 0.37), (0, 1, 2, 3)),
          ((0.7, 1.3, 0.5, -0.21), (3, 1, 0, 2)), ((1.6, 2.5, 3, 0.5), (2, 3, 1, 0)))


def jitter(x, factors, order):
    for step in order:
        if factors[step] != (0 if step == 3 else 1):
            x = STEPS[step](x, factors[step])
    return x


def save(name, x):
    np.save(OUT / name, np.ascontiguousarray(x.numpy().astype("<f4")))


def average_crop(width, height):
    picture, area, ratio, x = torch.zeros(3, height, width), 0, 0, 0
    for _ in range(100000):
        top, left, h, w = transforms.RandomResizedCrop.get_params(picture, (0.08, 1), (3 / 4, 4 / 3))
        area += h * w / (height * width)
        ratio += math.log(w / h)
        x += (left + w / 2) / width
    print(f"{width} x {height}: share of the area {area / 1e5:.4f}, "
          f"log of the ratio {ratio / 1e5:+.4f}, middle {x / 1e5:.4f}")


def main():
    OUT.mkdir(exist_ok=True)
    torch.manual_seed(1)
    source = Image.open(HERE / "images" / "resize" / "source.ppm")
    for k, (factors, order) in enumerate(JITTER):
        save(f"jitter_{k}.npy", jitter(functional.to_tensor(source), factors, order))
    part = functional.resized_crop(source, 3, 5, 17, 25, (12, 16))
    part = functional.pad(functional.hflip(part), [2, 0, 0, 1])  # 2 columns left, a row below
    part = functional.crop(part, 1, 0, 12, 16)
    x = jitter(functional.to_tensor(part), (1.2, 0.8, 1.1, 0.05), (0, 1, 2, 3))
    save("whole.npy", functional.normalize(x, (0.485, 0.456, 0.406), (0.229, 0.224, 0.225)))
    average_crop(224, 224)
    average_crop(300, 120)


if __name__ == "__main__":
    main()
