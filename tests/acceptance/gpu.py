"""Speed of the networks on a GPU; skipped on a machine without one."""

from collections.abc import Iterator
from pathlib import Path

from deploy.bench.gpu import measure_gpu
from engine.runtimes.runtime import GpuError
from tests.acceptance.check import AbsentError, Check, Row


def resnets(folder: Path) -> Iterator[Row]:
    """Compare TensorRT, from bytes to results on the host, with torch, whose pixels are on the GPU."""
    try:
        figures = measure_gpu()
    except GpuError as error:
        raise RuntimeError(str(error)) from error
    if figures is None:
        raise AbsentError("no GPU that TensorRT can use")
    rate = f"{figures.engine:,.0f} faces a second"
    yield Row("both ResNets, TensorRT FP16", rate, ">= 100,000", figures.engine >= 100_000)
    yield Row("batching over the bare plans", f"{figures.overhead:.1%}", "<= 10 %", figures.overhead <= 0.1)
    if figures.torch is None:
        yield Row("TensorRT against torch", "skipped: no torch that sees the GPU", "", None)
        return
    gain = figures.tensorrt / figures.torch.faces
    figure = f"{gain:.1f}x, {figures.share:.1%} of the rate of matrix products"
    yield Row("TensorRT against torch FP16, CUDA graph", figure, ">= 2x", gain >= 2)


CHECKS: list[Check] = [resnets]
