#!/usr/bin/env python3
"""mobilenet_v1_onnx.py - a MobileNet v1 from a folder of raw float32 arrays, as an ONNX file.

    mobilenet_v1_onnx.py FOLDER OUT.onnx

FOLDER holds MobilenetV1_Conv2d_0_weights, ..._biases and so on, as PoseNet's weights are
distributed: TensorFlow's order (height, width, in, out), batch normalisation already folded
into weights and biases. The network is that of Howard et al. 2017 (arXiv:1704.04861) with
output stride 16: the last stride of 2 becomes a dilation of the layers behind it. Its output
are the means over the last plane: features to train a head on (docs/findml.md).

Input: RGB in -1 .. 1, that is --scale 1/127.5 --mean 1,1,1 --std 1,1,1. Needs numpy and onnx.
"""
import os
import sys

import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper

STRIDES = [1, 2, 1, 2, 1, 2, 1, 1, 1, 1, 1, 2, 1]  # of the thirteen separable layers
OUTPUT_STRIDE = 16


def main():
    folder, out = sys.argv[1:3]
    nodes, constants = [], []

    def array(name):
        return np.fromfile(os.path.join(folder, "MobilenetV1_" + name), "<f4")

    def conv(x, name, weights, biases, stride, dilation, groups):
        for suffix, value in (("weight", weights), ("bias", biases)):
            constants.append(numpy_helper.from_array(value, f"{name}.{suffix}"))
        nodes.append(helper.make_node(
            "Conv", [x, f"{name}.weight", f"{name}.bias"], [name], name=name,
            kernel_shape=list(weights.shape[2:]), strides=[stride] * 2, dilations=[dilation] * 2,
            auto_pad="SAME_UPPER", group=groups))
        nodes.append(helper.make_node("Clip", [name, "low", "high"], [name + ".relu6"]))
        return name + ".relu6"

    constants.append(numpy_helper.from_array(np.float32(0), "low"))
    constants.append(numpy_helper.from_array(np.float32(6), "high"))
    biases = array("Conv2d_0_biases")
    width = len(biases)
    weights = array("Conv2d_0_weights").reshape(3, 3, 3, width).transpose(3, 2, 0, 1)
    x = conv("x", "conv0", np.ascontiguousarray(weights), biases, 2, 1, 1)
    reached, dilation = 2, 1
    for i, stride in enumerate(STRIDES, 1):
        if reached >= OUTPUT_STRIDE:
            stride, next_dilation = 1, dilation * stride
        else:
            reached, next_dilation = reached * stride, dilation
        weights = array(f"Conv2d_{i}_depthwise_depthwise_weights").reshape(3, 3, width, 1)
        x = conv(x, f"depthwise{i}", np.ascontiguousarray(weights.transpose(2, 3, 0, 1)),
                 array(f"Conv2d_{i}_depthwise_biases"), stride, dilation, width)
        dilation = next_dilation
        biases = array(f"Conv2d_{i}_pointwise_biases")
        weights = array(f"Conv2d_{i}_pointwise_weights").reshape(width, len(biases))
        width = len(biases)
        x = conv(x, f"pointwise{i}", np.ascontiguousarray(weights.T)[:, :, None, None], biases,
                 1, 1, 1)
    nodes.append(helper.make_node("GlobalAveragePool", [x], ["mean"]))
    nodes.append(helper.make_node("Flatten", ["mean"], ["features"]))
    graph = helper.make_graph(
        nodes, "mobilenet_v1",
        [helper.make_tensor_value_info("x", TensorProto.FLOAT, ["n", 3, 224, 224])],
        [helper.make_tensor_value_info("features", TensorProto.FLOAT, ["n", width])], constants)
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 13)])
    model.ir_version = 7
    onnx.checker.check_model(model)
    onnx.save(model, out)


if __name__ == "__main__":
    main()
