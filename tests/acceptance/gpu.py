"""What the GPU's networks must do. Nothing of it is claimed from a machine without one."""

from collections.abc import Iterator
from pathlib import Path

from deploy.bench.gpu import measure_gpu
from engine.runtimes.runtime import GpuError
from tests.acceptance.check import AbsentError, Check, Row


def resnets(folder: Path) -> Iterator[Row]:
    """TensorRT from bytes on the host to results there; torch with the pixels on the GPU already."""
    try:
        found = measure_gpu()
    except GpuError as error:
        raise RuntimeError(str(error)) from error
    if found is None:
        raise AbsentError("no GPU that TensorRT can use")
    rate = f"{found.engine:,.0f} faces a second"
    yield Row("both ResNets, TensorRT FP16", rate, ">= 100,000", found.engine >= 100_000)
    yield Row("batching over the bare plans", f"{found.overhead:.1%}", "<= 10 %", found.overhead <= 0.1)
    if found.torch is None:
        yield Row("TensorRT against torch", "skipped: no torch that sees the GPU", "", None)
        return
    gain = found.tensorrt / found.torch.faces
    figure = f"{gain:.1f}x, {found.share:.1%} of the rate of matrix products"
    yield Row("TensorRT against torch FP16, CUDA graph", figure, ">= 2x", gain >= 2)


CHECKS: list[Check] = [resnets]
