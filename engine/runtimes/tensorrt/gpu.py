"""The GPU's networks: plans in, runtimes out."""

from collections.abc import Mapping

import tensorrt

from engine.card import Card
from engine.runtimes.tensorrt.device import Device
from engine.runtimes.tensorrt.lane import Engine
from engine.runtimes.tensorrt.log import TensorRTLog
from engine.runtimes.tensorrt.plans import CROPS, FRAMES, PlanError, PlanKey
from engine.runtimes.tensorrt.pool import Pool

# The common batches: a graph is recorded for each. What lies between goes as the next larger one, since a
# GPU takes about as long for five crops as for sixteen: a guess until it is measured.
CROP_SIZES = (64, 16, 4)
FRAME_SIZES = (16, 4, 1)  # the most at once; their shapes vary by camera, so nothing is recorded


class Gpu:
    """One GPU with the plans that were loaded into it."""

    def __init__(self) -> None:
        """Raises DeviceLostError, OutOfMemoryError."""
        self._device = Device()
        self._said = TensorRTLog()
        self._runtime = tensorrt.Runtime(self._said)
        self._pools: list[Pool] = []

    @property
    def name(self) -> str:
        return self._device.name

    def key(self, network: str, card: Card) -> PlanKey:
        return self._device.key(network, card)

    def load_resnets(self, plans: Mapping[str, bytes]) -> Pool:
        """`crops` to `keypoints` and `logits`. Raises GpuError."""
        engines = [self._loaded(name, plans[name]) for name in ("keypoints", "emotion")]
        return self._kept(Pool(self._device, engines, CROPS, CROP_SIZES, fixed=True))

    def load_detector(self, plans: Mapping[str, bytes]) -> Pool:
        """`frames` to `score`, `box` and `landmark`. Raises GpuError."""
        engines = [self._loaded("detector", plans["detector"])]
        return self._kept(Pool(self._device, engines, FRAMES, FRAME_SIZES, fixed=False))

    def unload(self) -> None:
        """Frees what its runtimes hold. Raises DeviceLostError."""
        while self._pools:
            self._pools.pop().close()

    def close(self) -> None:
        self.unload()
        self._device.close()

    def _kept(self, pool: Pool) -> Pool:
        self._pools.append(pool)
        return pool

    def _loaded(self, name: str, plan: bytes) -> Engine:
        with self._device.entered():
            engine = self._runtime.deserialize_cuda_engine(plan)
        if engine is None:
            raise self._said.failed(f"{name}: TensorRT does not take its plan")
        names = [engine.get_tensor_name(index) for index in range(engine.num_io_tensors)]
        inputs = [each for each in names if engine.get_tensor_mode(each) == tensorrt.TensorIOMode.INPUT]
        outputs = [each for each in names if each not in inputs]
        types = [engine.get_tensor_dtype(each) for each in (*inputs, *outputs)]
        expected = [tensorrt.DataType.UINT8, *[tensorrt.DataType.FLOAT] * len(outputs)]
        if types != expected:
            raise PlanError(f"{name}: expected tensors of types {expected}, actual {types}")
        return Engine(name=name, input=inputs[0], outputs=tuple(outputs), plan=engine, said=self._said)
