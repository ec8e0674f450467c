"""Half precision in ONNX Runtime on the CPU, which computes it by casting, stays close to float32."""

from collections.abc import Mapping
from pathlib import Path

import numpy as np
import onnx
import onnxruntime
import pytest

from engine.runtimes.runtime import Pixels, Tensors
from engine.runtimes.tensorrt.fp16 import NotConvertibleError, for_gpu
from engine.runtimes.tensorrt.parity import (
    MAX_KEYPOINT_DISTANCE,
    MAX_PROBABILITY_DIFFERENCE,
    MIN_IOU,
    compare_detections,
    compare_readings,
)
from engine.runtimes.tensorrt.synthetic_faces import synthetic_crops, synthetic_frames
from tests.engine.runtimes.accelerating import cards, onnx_detector, onnx_resnets


class Converted:
    """Networks that `for_gpu` made, in ONNX Runtime, as one runtime."""

    def __init__(self, *names: str, half: bool) -> None:
        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = 1
        self._sessions = [
            onnxruntime.InferenceSession(for_gpu(cards()[name].file, half=half), options) for name in names
        ]

    def run(self, inputs: Mapping[str, Pixels]) -> Tensors:
        bytes_of = {name: pixels.astype(np.uint8) for name, pixels in inputs.items()}
        results: Tensors = {}
        for session in self._sessions:
            names = [output.name for output in session.get_outputs()]
            results |= dict(zip(names, session.run(names, bytes_of), strict=True))
        return results


@pytest.mark.parametrize("half", [True, False])
def test_readings_are_those_of_float32(half: bool) -> None:
    temperature = cards()["emotion"].temperature
    parity = compare_readings(Converted("keypoints", "emotion", half=half), onnx_resnets(), temperature)
    parity.check()
    assert parity.probability is not None
    assert parity.keypoint is not None
    assert half or parity.probability == parity.keypoint == 0.0
    assert not half or 0 < parity.probability < MAX_PROBABILITY_DIFFERENCE
    assert not half or 0 < parity.keypoint < MAX_KEYPOINT_DISTANCE


@pytest.mark.parametrize("half", [True, False])
def test_boxes_are_those_of_float32(half: bool) -> None:
    threshold = cards()["detector"].threshold
    parity = compare_detections(Converted("detector", half=half), onnx_detector(), threshold)
    parity.check()
    assert parity.iou is not None
    assert MIN_IOU < parity.iou <= 1.0


@pytest.mark.parametrize("name", ["detector", "keypoints", "emotion"])
def test_only_convolutions_are_in_half_precision(name: str) -> None:
    model = onnx.shape_inference.infer_shapes(onnx.load_from_string(for_gpu(cards()[name].file, half=True)))
    types = {each.name: each.type.tensor_type.elem_type for each in model.graph.value_info}
    types |= {each.name: each.type.tensor_type.elem_type for each in model.graph.output}
    halved = {node.op_type for node in model.graph.node if types[node.output[0]] == onnx.TensorProto.FLOAT16}
    assert {types[node.output[0]] for node in model.graph.node if node.op_type == "Conv"} == {10}
    assert not halved & {"Softmax", "Sigmoid", "ReduceMean", "ReduceSum", "Gemm", "Sub", "Div", "Reshape"}
    assert {output.type.tensor_type.elem_type for output in model.graph.output} == {onnx.TensorProto.FLOAT}
    assert model.graph.input[0].type.tensor_type.elem_type == onnx.TensorProto.UINT8


def test_weights_that_half_precision_cannot_hold_are_refused(tmp_path: Path) -> None:
    model = onnx.load(cards()["emotion"].file)
    weights = next(each for each in model.graph.initializer if len(each.dims) == 4)
    values = onnx.numpy_helper.to_array(weights) * np.float32(1e6)
    weights.CopyFrom(onnx.numpy_helper.from_array(values, weights.name))
    onnx.save(model, tmp_path / "loud.onnx")
    with pytest.raises(NotConvertibleError, match="is too large for half precision"):
        for_gpu(tmp_path / "loud.onnx", half=True)


def test_synthetic_faces_are_reproducible_and_detected() -> None:
    assert np.array_equal(synthetic_crops(8), synthetic_crops(8))
    assert synthetic_crops(8).shape == (8, 1, 96, 96)
    assert synthetic_frames(2, 480, 640).shape == (2, 1, 480, 640)
    scores = onnx_detector().run({"frames": synthetic_frames(4, 384, 640)})["score"]
    assert (scores.max(axis=1) > cards()["detector"].threshold).all()
