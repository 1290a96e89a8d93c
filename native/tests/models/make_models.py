#!/usr/bin/env python3
"""Writes the models of the native and interop tests (a few hundred bytes each, committed). Needs the onnx package; the tests do not.

The network: x[1,8] -> features = Relu(2 x) -> exit 1 = features[0..2] -> final = features[2..0].
So a large x[i] makes exit 1 answer i and the final exit 2 - i, and zeros make every entropy 1.
"""
import os
import numpy as np
from onnx import TensorProto, helper, numpy_helper, save

HERE = os.path.dirname(os.path.abspath(__file__))
UNIT = (2 * np.eye(8)).astype(np.float32)
EXIT = np.eye(8, 3).astype(np.float32)
FINAL = np.ascontiguousarray(EXIT[:, ::-1])


def tensor(name, dims, kind=TensorProto.FLOAT):
    return helper.make_tensor_value_info(name, kind, dims)


def model(name, nodes, inputs, outputs, weights=(), external=(), opset=13):
    initializers = []
    for key, value in weights:
        proto = numpy_helper.from_array(np.asarray(value), key)
        if key in external:
            proto.ClearField("raw_data")
            proto.data_location = TensorProto.EXTERNAL
            entry = proto.external_data.add()
            entry.key, entry.value = "location", "weights"
        initializers.append(proto)
    graph = helper.make_graph(nodes, name, inputs, outputs, initializers)
    opsets = [helper.make_opsetid("", opset)] + [helper.make_opsetid("edgeml", 1)] * any(n.domain == "edgeml" for n in nodes)
    made = helper.make_model(graph, opset_imports=opsets, producer_name="edgeml-tests")
    made.ir_version = 7
    save(made, os.path.join(HERE, name + ".onnx"))


unit = [helper.make_node("MatMul", ["x", "w"], ["h"]), helper.make_node("Relu", ["h"], ["features"])]
head = [helper.make_node("MatMul", ["features", "e"], ["exit1"])]
last = [helper.make_node("MatMul", ["features", "f"], ["logits"])]
x, features, exit1, logits = tensor("x", [1, 8]), tensor("features", [1, 8]), tensor("exit1", [1, 3]), tensor("logits", [1, 3])

model("unit", unit, [x], [features], [("w", UNIT)])
model("unit_shared", unit, [x], [features], [("w", UNIT)], external=["w"])
model("head", head, [features], [exit1], [("e", EXIT)])
model("fused", unit + head, [x], [features, exit1], [("w", UNIT), ("e", EXIT)])
model("final", last, [features], [logits], [("f", FINAL)])
model("symbolic", unit, [tensor("x", ["n", 8])], [tensor("features", ["n", 8])], [("w", UNIT)])
model("unknown", [helper.make_node("Relu", ["x"], ["y"])], [tensor("x", ["n", "h"])], [tensor("y", ["n", "h"])])
model("dynamic", [helper.make_node("NonZero", ["x"], ["where"])], [x], [tensor("where", [2, "k"], TensorProto.INT64)])
model("two_inputs", [helper.make_node("Add", ["x", "y"], ["z"])], [x, tensor("y", [1, 8])], [tensor("z", [1, 8])])
model("half", [helper.make_node("Cast", ["x"], ["logits"], to=TensorProto.FLOAT16)], [x], [tensor("logits", [1, 8], TensorProto.FLOAT16)])

# The unit, exit 1, exit 2 (which answers like the final one above) and a final exit that answers like exit 1, in one session.


def gate(exit, trunk, out):
    return helper.make_node("Gate", [trunk, f"exit{exit}", "edgeml/gate"], [out], domain="edgeml", exit=exit)


model("gated",
      unit + head + [gate(1, "features", "behind1"), helper.make_node("MatMul", ["behind1", "f"], ["exit2"]), gate(2, "behind1", "behind2"),
                     helper.make_node("MatMul", ["behind2", "e"], ["logits"])],
      [x, tensor("edgeml/gate", [1], TensorProto.INT64)], [logits, exit1, tensor("exit2", [1, 3])],
      [("w", UNIT), ("e", EXIT), ("f", FINAL)])

# What the optimizers like to rewrite: a convolution with its normalisation, twice, and a Gemm, all on shared tensors.
# chain_tests.cpp makes the same values.


def values(seed, *dims):
    count = int(np.prod(dims))
    mixed = ((np.arange(count, dtype=np.uint64) + 1) * 2654435761 + seed * 40503) % 2**32
    return (mixed / 2**32 - 0.5).astype(np.float32).reshape(dims)


nodes, weights, current, channels = [], [], "x", 3
for i, width in enumerate((16, 16)):
    names = [f"{kind}{i}" for kind in ("conv", "scale", "shift", "mean", "variance")]
    weights += [(names[0], values(5 * i, width, channels, 3, 3))]
    weights += [(names[k], values(5 * i + k, width) + np.float32(k == 4)) for k in range(1, 5)]
    nodes += [helper.make_node("Conv", [current, names[0]], [f"c{i}"], kernel_shape=[3, 3], pads=[1, 1, 1, 1]),
              helper.make_node("BatchNormalization", [f"c{i}"] + names[1:], [f"b{i}"]),
              helper.make_node("Relu", [f"b{i}"], [f"r{i}"])]
    current, channels = f"r{i}", width
nodes += [helper.make_node("GlobalAveragePool", [current], ["p"]), helper.make_node("Flatten", ["p"], ["q"]),
          helper.make_node("Gemm", ["q", "gemm", "bias"], ["logits"], transB=1)]
weights += [("gemm", values(10, 10, 16)), ("bias", values(11, 10))]
image, scores = tensor("x", [1, 3, 8, 8]), tensor("logits", [1, 10])
model("conv", nodes, [image], [scores], weights)
model("conv_shared", nodes, [image], [scores], weights, external=[name for name, _ in weights])

# The same with an exit in the middle, as two ranges: their joint is in blocks where ONNX Runtime has them.


def classifier(image, prefix, classes, seed):
    return ([helper.make_node("GlobalAveragePool", [image], [prefix + "p"]), helper.make_node("Flatten", [prefix + "p"], [prefix + "q"]),
             helper.make_node("Gemm", [prefix + "q", prefix + "gemm", prefix + "bias"], [prefix], transB=1)],
            [(prefix + "gemm", values(seed, classes, 16)), (prefix + "bias", values(seed + 1, classes))])


def convolution(i, source, channels):
    return ([helper.make_node("Conv", [source, f"conv{i}"], [f"c{i}"], kernel_shape=[3, 3], pads=[1, 1, 1, 1]),
             helper.make_node("Relu", [f"c{i}"], [f"r{i}"])], [(f"conv{i}", values(20 + i, 16, channels, 3, 3))])


middle = tensor("r0", [1, 16, 8, 8])
(nodes0, weights0), (nodes1, weights1) = convolution(0, "x", 3), convolution(1, "r0", 16)
(exit_nodes, exit_weights), (last_nodes, last_weights) = classifier("r0", "exit1", 3, 30), classifier("r1", "logits", 3, 40)
model("range1", nodes0 + exit_nodes, [image], [middle, exit1], weights0 + exit_weights)
model("range2", nodes1 + last_nodes, [middle], [logits], weights1 + last_weights)
branch = helper.make_graph([helper.make_node("Identity", ["r0"], ["b"])], "branch", [], [tensor("b", [1, 16, 8, 8])])
model("range_if",
      [helper.make_node("ReduceMax", ["r0"], ["largest"], keepdims=0), helper.make_node("Greater", ["largest", "zero"], ["some"]),
       helper.make_node("If", ["some"], ["i"], then_branch=branch, else_branch=branch)] + classifier("i", "logits", 3, 40)[0],
      [middle], [logits], last_weights + [("zero", np.float32(0))])

# What must not be shared: factors that optimizers bring into another layout under the same name, and statistics that a
# kernel writes to.


def tokens(i, source):
    return ([helper.make_node("Transpose", [source], [f"t{i}"], perm=[0, 2, 1]), helper.make_node("Add", [f"t{i}", f"pos{i}"], [f"p{i}"]),
             helper.make_node("Transpose", [f"p{i}"], [f"q{i}"], perm=[0, 2, 1]), helper.make_node("Softmax", [f"q{i}"], [f"s{i}"], axis=-1)],
            [(f"pos{i}", 4 * values(50 + i, 1, 40, 32))])


def mean(source, prefix):
    return ([helper.make_node("ReduceMean", [source], [prefix + "m"], axes=[2], keepdims=0),
             helper.make_node("MatMul", [prefix + "m", prefix + "w"], [prefix])], [(prefix + "w", 4 * values(60, 32, 3))])


row = tensor("x", [1, 32, 40])
(nodes0, weights0), (nodes1, weights1) = tokens(0, "x"), tokens(1, "s0")
(exit_nodes, exit_weights), (last_nodes, last_weights) = mean("s0", "exit1"), mean("s1", "logits")
between, scores3 = tensor("s0", [1, 32, 40]), tensor("logits", [1, 3])
for suffix, external in (("", []), ("_shared", ["pos0", "pos1", "exit1w", "logitsw"])):
    model("tokens1" + suffix, nodes0 + exit_nodes, [row], [between, exit1], weights0 + exit_weights, external)
    model("tokens2" + suffix, nodes1 + last_nodes, [between], [scores3], weights1 + last_weights, external)
model("training_shared",
      [helper.make_node("BatchNormalization", ["x", "scale", "shift", "mean", "variance"], ["y", "new_mean", "new_variance"], training_mode=1)],
      [image], [tensor("y", [1, 3, 8, 8]), tensor("new_mean", [3]), tensor("new_variance", [3])],
      [("scale", values(70, 3)), ("shift", values(71, 3)), ("mean", values(72, 3)), ("variance", 1 + values(73, 3))],
      ["scale", "shift", "mean", "variance"], opset=15)
