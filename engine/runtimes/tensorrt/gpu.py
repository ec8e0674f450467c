"""Loads plans into the GPU; each becomes a runtime."""

from collections.abc import Mapping

import tensorrt

from engine.card import Card
from engine.runtimes.tensorrt.device import Device
from engine.runtimes.tensorrt.lane import Engine
from engine.runtimes.tensorrt.log import TensorRTLog
from engine.runtimes.tensorrt.plans import CROPS, FRAMES, PlanError, PlanKey
from engine.runtimes.tensorrt.pool import Pool

# Batch sizes, each with a recorded graph. Other batches run as the next larger size, since a GPU takes about
# as long for five crops as for sixteen: a guess until it is measured.
CROP_SIZES = (64, 16, 4)
FRAME_SIZES = (16, 4, 1)  # largest batches; their shapes vary by camera, so nothing is recorded


class Gpu:
    """One GPU with its loaded plans."""

    def __init__(self) -> None:
        """Open the GPU. Raises DeviceLostError, OutOfMemoryError."""
        self._device = Device()
        self._log = TensorRTLog()
        self._runtime = tensorrt.Runtime(self._log)
        self._pools: list[Pool] = []

    @property
    def name(self) -> str:
        return self._device.name

    def key(self, network: str, card: Card) -> PlanKey:
        return self._device.key(network, card)

    def load_resnets(self, plans: Mapping[str, bytes]) -> Pool:
        """Return a runtime of `crops` to `keypoints` and `logits`. Raises GpuError."""
        engines = [self._load(name, plans[name]) for name in ("keypoints", "emotion")]
        return self._register(Pool(self._device, engines, CROPS, CROP_SIZES, fixed=True))

    def load_detector(self, plans: Mapping[str, bytes]) -> Pool:
        """Return a runtime of `frames` to `score`, `box` and `landmark`. Raises GpuError."""
        engines = [self._load("detector", plans["detector"])]
        return self._register(Pool(self._device, engines, FRAMES, FRAME_SIZES, fixed=False))

    def unload(self) -> None:
        """Free the memory of the runtimes. Raises DeviceLostError."""
        while self._pools:
            self._pools.pop().close()

    def close(self) -> None:
        self.unload()
        self._device.close()

    def _register(self, pool: Pool) -> Pool:
        self._pools.append(pool)
        return pool

    def _load(self, name: str, plan: bytes) -> Engine:
        with self._device.entered():
            engine = self._runtime.deserialize_cuda_engine(plan)
        if engine is None:
            raise self._log.failed(f"{name}: TensorRT does not load its plan")
        names = [engine.get_tensor_name(index) for index in range(engine.num_io_tensors)]
        inputs = [each for each in names if engine.get_tensor_mode(each) == tensorrt.TensorIOMode.INPUT]
        outputs = [each for each in names if each not in inputs]
        types = [engine.get_tensor_dtype(each) for each in (*inputs, *outputs)]
        expected = [tensorrt.DataType.UINT8, *[tensorrt.DataType.FLOAT] * len(outputs)]
        if types != expected:
            raise PlanError(f"{name}: its plan has tensors of types {types} instead of {expected}")
        return Engine(name=name, input=inputs[0], outputs=tuple(outputs), plan=engine, log=self._log)
