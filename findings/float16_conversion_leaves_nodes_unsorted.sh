#!/bin/sh
# onnxruntime 1.32.0 (onnxruntime.transformers.float16), onnx 1.23.2, CPython 3.11, Linux x86_64.
#
# Guess: convert_float_to_float16 turns a model that onnx.checker accepts into one that it accepts.
# Seen: the casts that it inserts, for `keep_io_types` and for `op_block_list`, are appended after the nodes that
# read them. ONNX demands topological order, so onnx.checker refuses the result ("Nodes in a graph must be
# topologically sorted"). ONNX Runtime itself loads and runs it. Without casts the order is untouched.
set -eu
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/python" -m pip install --quiet --disable-pip-version-check \
    onnxruntime==1.32.0 onnx==1.23.2 numpy==2.4.6
"$folder/venv/bin/python" - <<'PYTHON'
import numpy as np
import onnx
import onnxruntime
from onnx import TensorProto, helper, numpy_helper
from onnxruntime.transformers.float16 import convert_float_to_float16

weights = numpy_helper.from_array(np.ones((4, 4), np.float32), "w")
graph = helper.make_graph(
    [
        helper.make_node("MatMul", ["x", "w"], ["a"]),
        helper.make_node("Softmax", ["a"], ["b"]),
        helper.make_node("MatMul", ["b", "w"], ["y"]),
    ],
    "three nodes",
    [helper.make_tensor_value_info("x", TensorProto.FLOAT, [1, 4])],
    [helper.make_tensor_value_info("y", TensorProto.FLOAT, [1, 4])],
    [weights],
)
model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=10)
onnx.checker.check_model(model)


def verdict(**options: object) -> str:
    copy = onnx.ModelProto.FromString(model.SerializeToString())
    half = convert_float_to_float16(copy, **options)
    session = onnxruntime.InferenceSession(half.SerializeToString(), providers=["CPUExecutionProvider"])
    kind = np.float32 if options.get("keep_io_types") else np.float16
    session.run(None, {"x": np.ones((1, 4), kind)})
    try:
        onnx.checker.check_model(half)
    except onnx.checker.ValidationError as error:
        return str(error).split(",")[0]
    return "accepted"


unsorted = "Nodes in a graph must be topologically sorted"
expected = [
    ({}, "accepted"),
    ({"keep_io_types": True}, unsorted),
    ({"op_block_list": ["Softmax"]}, unsorted),
]
for options, behaviour in expected:
    seen = verdict(**options)
    print(options, "->", seen)
    assert seen == behaviour, f"changed: {options} gives {seen!r}, it gave {behaviour!r}"
PYTHON
