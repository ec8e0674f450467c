"""Loads plans into the GPU; each becomes a runtime."""

from collections.abc import Mapping

import tensorrt

from engine.runtimes.tensorrt.device import Device
from engine.runtimes.tensorrt.lane import Engine
from engine.runtimes.tensorrt.log import TensorRTLog
from engine.runtimes.tensorrt.plans import CROPS, FRAMES, PlanError
from engine.runtimes.tensorrt.pool import Pool

# Batch sizes, each with a recorded graph. Other batches run as the next larger size, since a GPU takes about
# as long for five crops as for sixteen: a guess until it is measured.
CROP_SIZES = (64, 16, 4)
FRAME_SIZES = (16, 4, 1)  # largest batches; their shapes vary by camera, so nothing is recorded


class Gpu:
    """One GPU with its loaded plans."""

    def __init__(self) -> None:
        """Open the GPU. Raises DeviceLostError, OutOfMemoryError."""
        self.device = Device()
        self._log = TensorRTLog()
        self._runtime = tensorrt.Runtime(self._log)
        self._pools: list[Pool] = []

    def load_resnets(self, plans: Mapping[str, bytes]) -> Pool:
        """Return a runtime of `crops` to `keypoints` and `logits`. Raises GpuError."""
        engines = [self._load(name, plans[name]) for name in ("keypoints", "emotion")]
        self._pools.append(Pool(self.device, engines, CROPS, CROP_SIZES, fixed=True))
        return self._pools[-1]

    def load_detector(self, plans: Mapping[str, bytes]) -> Pool:
        """Return a runtime of `frames` to `score`, `box` and `landmark`. Raises GpuError."""
        engines = [self._load("detector", plans["detector"])]
        self._pools.append(Pool(self.device, engines, FRAMES, FRAME_SIZES, fixed=False))
        return self._pools[-1]

    def unload(self) -> None:
        """Free the memory of the runtimes. Raises DeviceLostError."""
        while self._pools:
            self._pools.pop().close()

    def close(self) -> None:
        self.unload()
        self.device.close()

    def _load(self, name: str, plan: bytes) -> Engine:
        with self.device.entered():
            engine = self._runtime.deserialize_cuda_engine(plan)
        if engine is None:
            raise self._log.failed(f"{name}: TensorRT does not load its plan")
        names = [engine.get_tensor_name(index) for index in range(engine.num_io_tensors)]
        inputs = [each for each in names if engine.get_tensor_mode(each) == tensorrt.TensorIOMode.INPUT]
        outputs = [each for each in names if each not in inputs]
        types = [engine.get_tensor_dtype(each) for each in (*inputs, *outputs)]
        required = [tensorrt.DataType.UINT8, *[tensorrt.DataType.FLOAT] * len(outputs)]
        if types != required:
            raise PlanError(f"{name}: the tensors of its plan must be of types {required}, got {types}")
        return Engine(name=name, input=inputs[0], outputs=tuple(outputs), plan=engine, log=self._log)
