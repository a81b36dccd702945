"""make_onnx.py - small networks, sound and broken, written byte by byte: no package is needed.

    make_onnx.py KIND FILE

Field numbers are those of onnx.proto (ModelProto graph 7, opset_import 8; GraphProto node 1,
name 2, initializer 5, input 11, output 12; NodeProto input 1, output 2, name 3, op_type 4,
attribute 5, domain 7). SPDX-License-Identifier: MIT"""
import struct
import sys


def varint(n):
    n &= (1 << 64) - 1
    out = b""
    while True:
        out += bytes([n & 127 | (128 if n > 127 else 0)])
        n >>= 7
        if not n:
            return out


def number(field, n):
    return varint(field << 3) + varint(n)


def block(field, data):
    data = data.encode() if isinstance(data, str) else data
    return varint(field << 3 | 2) + varint(len(data)) + data


def value(name, dims, kind=1):
    shape = b"".join(block(1, number(1, d) if isinstance(d, int) else block(2, d)) for d in dims)
    return block(1, name) + block(2, block(1, number(1, kind) + block(2, shape)))


def floats(name, dims, data):
    return (b"".join(number(1, d) for d in dims) + number(2, 1) + block(8, name)
            + block(9, struct.pack(f"<{len(data)}f", *data)))


def integers(name, data):
    return number(1, len(data)) + number(2, 7) + block(8, name) + block(9, struct.pack(f"<{len(data)}q", *data))


def integer_attribute(name, n):
    return block(1, name) + number(3, n) + number(20, 2)


def node(op, inputs, outputs, name="", attributes=(), domain=""):
    return (b"".join(block(1, i) for i in inputs) + b"".join(block(2, o) for o in outputs)
            + block(3, name) + block(4, op) + b"".join(block(5, a) for a in attributes)
            + (block(7, domain) if domain else b""))


def model(nodes, inputs, outputs, initializers=(), opset=13):
    graph = (b"".join(block(1, n) for n in nodes) + block(2, "g")
             + b"".join(block(5, i) for i in initializers)
             + b"".join(block(11, v) for v in inputs) + b"".join(block(12, v) for v in outputs))
    return number(1, 7) + block(2, "make_onnx") + block(7, graph) + block(8, block(1, "") + number(2, opset))


def flatten(dims):
    """Its output is its input: what preprocessing made, row by row."""
    return model([node("Flatten", ["x"], ["y"], "flat")], [value("x", dims)], [value("y", ["N", "D"])])


def mean(dims):
    nodes = [node("GlobalAveragePool", ["x"], ["p"], "pool"), node("Flatten", ["p"], ["y"], "flat")]
    return model(nodes, [value("x", dims)], [value("y", ["N", "C"])])


def subgraph(depth):
    inner = node("Identity", ["x"], ["y"])
    for _ in range(depth):
        graph = block(1, inner) + block(2, "g")
        inner = node("If", ["x"], ["y"], "if", [block(1, "then_branch") + block(6, graph) + number(20, 5)])
    return model([inner], [value("x", ["N", 3])], [value("y", ["N", 3])])


FREE, FOUR = ["N", 3, "H", "W"], ["N", 3, 4, 4]
KINDS = {
    "flat": lambda: flatten(FREE),
    "flat4": lambda: flatten(FOUR),
    "grey2": lambda: flatten(["N", 1, 2, 2]),
    "nhwc2": lambda: flatten(["N", 2, 2, 3]),
    "batch2": lambda: flatten([2, 3, 2, 2]),
    "mean": lambda: mean(FREE),
    "mean4": lambda: mean(FOUR),
    "two_outputs": lambda: model([node("Identity", ["x"], ["a"]), node("Relu", ["a"], ["b"])],
                                 [value("x", ["N", 3])], [value("a", ["N", 3]), value("b", ["N", 3])]),
    "two_inputs": lambda: model([node("Add", ["x", "z"], ["y"])], [value("x", FOUR), value("z", FOUR)],
                                [value("y", FOUR)]),
    "mixed_rows": lambda: model([node("Reshape", ["x", "s"], ["y"])], [value("x", FOUR)], [value("y", ["D"])],
                                [integers("s", [1, -1])]),
    # what must be refused
    "unsupported": lambda: model(
        [node("NonMaxSuppression", ["x"], ["a"], "nms"), node("FusedConv", ["a"], ["b"], "fused", (), "com.x"),
         node("NonMaxSuppression", ["b"], ["y"])], [value("x", FOUR)], [value("y", FOUR)]),
    "cycle": lambda: model([node("Add", ["x", "b"], ["a"], "one"), node("Relu", ["a"], ["b"], "two")],
                           [value("x", FOUR)], [value("b", FOUR)]),
    "missing": lambda: model([node("Add", ["x", "w"], ["y"], "add")], [value("x", FOUR)], [value("y", FOUR)]),
    "mismatch": lambda: model([node("MatMul", ["x", "w"], ["y"], "product")], [value("x", ["N", 3])],
                              [value("y", ["N", 2])], [floats("w", [4, 2], [0.5] * 8)]),
    "huge": lambda: model([node("Add", ["x", "w"], ["y"], "add")], [value("x", ["N", 3])], [value("y", ["N", 3])],
                          [number(1, 1 << 40) + number(2, 1) + block(8, "w") + block(9, b"\0" * 16)]),
    "overflow": lambda: model([node("Add", ["x", "w"], ["y"], "add")], [value("x", ["N", 3])],
                              [value("y", ["N", 3])],
                              [number(1, 1 << 62) + number(1, 1 << 62) + number(2, 1) + block(8, "w")]),
    "huge_shape": lambda: model([node("ConstantOfShape", ["s"], ["c"], "fill"), node("Add", ["x", "c"], ["y"])],
                                [value("x", ["N", 3])], [value("y", ["N", 3])],
                                [integers("s", [1 << 20, 1 << 20])]),
    "twice": lambda: model([node("Relu", ["x"], ["y"]), node("Relu", ["x"], ["y"])], [value("x", FOUR)],
                           [value("y", FOUR)]),
    "recursion": lambda: subgraph(2000),
    "future": lambda: model([node("Relu", ["x"], ["y"])], [value("x", FOUR)], [value("y", FOUR)], (), 99),
    "no_graph": lambda: number(1, 7),
}

if __name__ == "__main__":
    with open(sys.argv[2], "wb") as file:
        file.write(KINDS[sys.argv[1]]())
