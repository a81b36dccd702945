"""torch_files.py - writes what torch_models.py and torch_layers.py make: ONNX, safetensors, npy, a list.

The list, cases.tsv, has one line for each comparison to be made:

    KIND  NAME  MODEL  INPUT  OUTPUT  TOLERANCE

TOLERANCE is the largest difference allowed, as a share of OUTPUT's largest number: two libraries sum
in different orders, and the sums of a deep network cancel. KIND is `onnx` (MODEL is an .onnx file) or the name of a backbone, with `+head` where the output
is that of the classifier (MODEL is a .safetensors with the backbone's weights).

SPDX-License-Identifier: MIT
"""
import json
import pathlib
import struct
import warnings

import numpy
import torch

OPSET = 13
DTYPES = {torch.float32: "F32", torch.float64: "F64", torch.float16: "F16",
          torch.bfloat16: "BF16", torch.int64: "I64"}


def safetensors(path, tensors, metadata=None):
    """The format by hand: 8 bytes of header size, JSON padded with spaces to 8, the data."""
    header, data, at = {}, [], 0
    if metadata:
        header["__metadata__"] = metadata
    for name, tensor in tensors.items():
        tensor = tensor.detach().contiguous()
        raw = tensor.view(torch.int16) if tensor.dtype == torch.bfloat16 else tensor
        raw = raw.numpy().tobytes()
        header[name] = {"dtype": DTYPES[tensor.dtype], "shape": list(tensor.shape),
                        "data_offsets": [at, at + len(raw)]}
        at += len(raw)
        data.append(raw)
    text = json.dumps(header, separators=(",", ":")).encode()
    text += b" " * (-len(text) % 8)
    with open(path, "wb") as file:
        file.write(struct.pack("<Q", len(text)) + text + b"".join(data))


class Folder:
    """Where everything goes, and the list of what is to be compared."""

    def __init__(self, path):
        self.path = pathlib.Path(path)
        self.path.mkdir(parents=True, exist_ok=True)
        self.cases = []

    def npy(self, name, tensor):
        numpy.save(self.path / name, tensor.detach().numpy().astype("<f4"))
        return name

    def onnx(self, name, module, x, keep_bn=False, opset=OPSET, is_batch_free=True):
        """The module in eval mode. torch folds batch normalisation into the convolution before
        it; keep_bn: neither that nor the folding of constants."""
        training = torch.onnx.TrainingMode.PRESERVE if keep_bn else torch.onnx.TrainingMode.EVAL
        free = {"input": {0: "N"}, "output": {0: "N"}} if is_batch_free else None
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            torch.onnx.export(module.eval(), x, str(self.path / name), opset_version=opset,
                              training=training, do_constant_folding=not keep_bn,
                              input_names=["input"], output_names=["output"],
                              dynamic_axes=free)
        return name

    def case(self, kind, name, model, x, y, tolerance):
        self.cases.append("\t".join([kind, name, model, x, y, str(tolerance)]))

    def close(self):
        """Keeps the lines of earlier runs into the same folder, but for the same names."""
        path = self.path / "cases.tsv"
        old = path.read_text().splitlines() if path.exists() else []
        names = {line.split("\t")[1] for line in self.cases}
        lines = [line for line in old if line.split("\t")[1] not in names] + self.cases
        path.write_text("\n".join(lines) + "\n")
