#!/usr/bin/env python3
"""explain_onnx.py - a black box of one's own for fdml-explain: trained by PyTorch, kept as ONNX.

    fdml-explain TABLE.csv --target low_risk ... --split SPLIT --write-encoding encoding.csv
    explain_onnx.py TABLE.csv SPLIT encoding.csv --target low_risk --positive 1 --out model.onnx
    fdml-explain TABLE.csv --target low_risk ... --split SPLIT --model model.onnx

SPLIT has a character for each row, T for those that train and S for those that test. All three
commands read the same one: the encoding is that of its rows T, and only these may train the network,
else the audit's test rows are none. PyTorch 1.13 to 2.8 exports without further packages.
SPDX-License-Identifier: MIT
"""
import argparse
import csv

import numpy as np
import torch


def encode(rows, columns, missing):
    """The numbers fdml-explain gives to the model: float32 [rows, columns]."""
    z = np.zeros((len(rows), len(columns)), np.float32)
    for c, column in enumerate(columns):
        cells = ["" if row[column["feature"]] in missing else row[column["feature"]] for row in rows]
        if column["kind"] == "categorical":
            z[:, c] = [(cell or "(missing)") == column["level"] for cell in cells]
        else:
            x = np.array([cell or "nan" for cell in cells], np.float32)
            factor = np.float32(1 / float(column["deviation"]))
            z[:, c] = np.nan_to_num((x - np.float32(column["mean"])) * factor)
    return z


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("table"), parser.add_argument("split"), parser.add_argument("encoding")
    for name in ["--target", "--positive", "--out"]:
        parser.add_argument(name, required=True)
    parser.add_argument("--missing", nargs="*", default=[], help="words for an unknown cell")
    o = parser.parse_args()
    with open(o.table, newline="") as table, open(o.encoding, newline="") as encoding, open(o.split) as split:
        rows, columns = list(csv.DictReader(table)), list(csv.DictReader(encoding))
        part = np.array(list("".join(split.read().split())))
    z = torch.from_numpy(encode(rows, columns, o.missing))
    y = torch.tensor([[float(row[o.target] == o.positive)] for row in rows])
    torch.manual_seed(1)
    net = torch.nn.Sequential(torch.nn.Linear(len(columns), 16), torch.nn.ReLU(), torch.nn.Linear(16, 1))
    adam, loss = torch.optim.Adam(net.parameters(), lr=.01), torch.nn.BCEWithLogitsLoss()
    for step in range(300):
        adam.zero_grad()
        loss(net(z[part == "T"]), y[part == "T"]).backward()
        adam.step()
    right = ((net(z[part == "S"]) > 0) == (y[part == "S"] > .5)).float().mean()
    print("accuracy on the %d test rows: %.3f" % ((part == "S").sum(), right))
    whole = torch.nn.Sequential(net, torch.nn.Sigmoid())  # a probability, no logit
    torch.onnx.export(whole.eval(), z[:1], o.out, opset_version=13, input_names=["rows"],
                      output_names=["p"], dynamic_axes={"rows": {0: "N"}, "p": {0: "N"}})


if __name__ == "__main__":
    main()
