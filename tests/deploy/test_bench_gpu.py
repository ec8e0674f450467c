"""Benchmark of a GPU, and the networks in torch that it compares with."""

from pathlib import Path

import numpy as np
import pytest

from deploy.bench.gpu import BATCH, GpuEffort, GpuFigures, TorchFigures, measure_gpu
from engine.card import Card, read_card
from engine.labels import KEYPOINTS, LABELS
from engine.runtimes.onnx import OnnxRuntime
from engine.runtimes.runtime import NoGpuError
from engine.runtimes.tensorrt.driver import check_gpu
from engine.runtimes.tensorrt.plans import plans_folder
from tests.engine.runtimes.accelerating import doubled


@pytest.fixture
def gpu() -> None:
    try:
        check_gpu()
    except NoGpuError as error:
        pytest.skip(str(error))


@pytest.mark.gpu
@pytest.mark.timeout(1800)  # the plans are built first
def test_tensorrt_is_measured_beside_torch_and_onnx_runtime(
    gpu: None, tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("MIEN_DATA", str(tmp_path_factory.mktemp("data")))
    figures = measure_gpu()
    assert figures is not None
    assert figures.tensorrt > figures.onnx > 0
    assert figures.engine > figures.onnx
    assert figures.cameras(1.0) > 0
    if figures.torch is not None:
        assert figures.torch.faces > 0
        assert figures.share is not None
        assert 0 < figures.share < 1


def test_the_calls_of_tensorrt_exist(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """With doubles of TensorRT and pycuda, which compute on the CPU: the figures mean nothing."""
    monkeypatch.setenv("MIEN_DATA", str(tmp_path))
    with doubled(monkeypatch, "10") as doubles:
        doubles.build_into(plans_folder(tmp_path), "detector", "keypoints", "emotion")
        figures = measure_gpu(GpuEffort(faces=2 * BATCH, min_calls=1, min_seconds=0.0))
    assert figures is not None
    assert "TensorRT serves on NVIDIA Double" in figures.name
    assert min(figures.tensorrt, figures.engine, figures.onnx, figures.detect_ms) > 0


def test_without_a_gpu_nothing_is_measured_and_nothing_fails() -> None:
    try:
        check_gpu()
    except NoGpuError:
        assert measure_gpu() is None
    else:
        pytest.skip("there is a GPU")


@pytest.mark.parametrize(
    ("card", "output", "within"),
    [
        (read_card("keypoints", KEYPOINTS), "keypoints", 0.1),  # pixels
        (read_card("emotion", LABELS), "logits", 0.05),
    ],
)
def test_torch_computes_the_same_in_half_precision(card: Card, output: str, within: float) -> None:
    torch = pytest.importorskip("torch")
    pytest.importorskip("onnx")
    from deploy.bench.torch_network import TorchNetwork
    from engine.runtimes.tensorrt.fp16 import for_gpu

    crops = np.random.default_rng(0).integers(0, 256, (3, 1, 96, 96), dtype=np.uint8)
    network = TorchNetwork(for_gpu(card.file, half=True), "cpu")
    with torch.inference_mode():
        computed = network(torch.from_numpy(crops)).numpy()
    np.testing.assert_allclose(computed, OnnxRuntime(card.file).run({"crops": crops})[output], atol=within)
    assert network.operations > 3e7  # tens of millions for each of three faces


def test_operations_are_counted() -> None:
    torch = pytest.importorskip("torch")
    onnx = pytest.importorskip("onnx")
    from deploy.bench.torch_network import TorchNetwork

    weights = onnx.numpy_helper.from_array(np.ones((4, 2, 3, 3), np.float32), "weights")
    bias = onnx.numpy_helper.from_array(np.zeros(4, np.float32), "bias")
    given = {"pads": [1, 1, 1, 1], "strides": [1, 1], "dilations": [1, 1], "group": 1}
    graph = onnx.helper.make_graph(
        [onnx.helper.make_node("Conv", ["x", "weights", "bias"], ["y"], **given)],
        "one",
        [onnx.helper.make_tensor_value_info("x", 1, (1, 2, 8, 8))],
        [onnx.helper.make_tensor_value_info("y", 1, (1, 4, 8, 8))],
        [weights, bias],
    )
    network = TorchNetwork(onnx.helper.make_model(graph).SerializeToString(), "cpu")
    assert float(network(torch.ones(1, 2, 8, 8))[0, 0, 4, 4]) == 18
    assert network.operations == 2 * (8 * 8 * 4) * (2 * 3 * 3)


def test_cameras_and_the_share_follow_from_the_figures() -> None:
    torch = TorchFigures(faces=50_000.0, products=500e12, operations=100e6)
    figures = GpuFigures(
        "TensorRT serves", tensorrt=105_000.0, engine=100_000.0, onnx=700.0, detect_ms=0.1, torch=torch
    )
    assert figures.share == pytest.approx(0.021)
    assert figures.overhead == pytest.approx(0.05)
    # A frame takes 0.1 ms, and each of its two faces 0.01 ms: 333 of them fit into 40 ms.
    assert figures.cameras(2.0) == 333
    assert "333 cameras of 25 frames a second" in figures.to_line(2.0)
    assert set(figures.to_json(2.0)) >= {"tensorrt", "onnx", "torch", "share_of_products", "cameras"}
