"""A double of `tensorrt` 8.6, 10 or 11 (TENSORRT_DOUBLE): the part of its bindings that the engine uses.

Names, parameters and results are those of NVIDIA/TensorRT's python/src (tags v8.6.1, v10.16, v11.1). A plan
holds the ONNX that it was built from, and ONNX Runtime computes it with the types of the ONNX, and so in half
precision. `calls` records the calls.
"""

import json
import math
import os
from enum import IntEnum

import numpy as np
import onnx
import onnxruntime
import pycuda.driver as cuda

__version__ = {"8.6": "8.6.1", "10": "10.16.1", "11": "11.1.0"}[os.environ.get("TENSORRT_DOUBLE", "11")]
_MAJOR = int(__version__.partition(".")[0])

calls: list[tuple[object, ...]] = []  # names and arguments; of the calls in which the versions differ

_MARK = b"double plan\n"


class ILogger:
    class Severity(IntEnum):
        INTERNAL_ERROR = 0
        ERROR = 1
        WARNING = 2
        INFO = 3
        VERBOSE = 4

    INTERNAL_ERROR = Severity.INTERNAL_ERROR
    ERROR = Severity.ERROR
    WARNING = Severity.WARNING
    INFO = Severity.INFO
    VERBOSE = Severity.VERBOSE

    def __init__(self) -> None:
        self._made = True

    def log(self, severity: Severity, msg: str) -> None:
        raise NotImplementedError("a logger is derived from this class")


class DataType(IntEnum):
    FLOAT = 0
    HALF = 1
    INT8 = 2
    INT32 = 3
    BOOL = 4
    UINT8 = 5


class TensorIOMode(IntEnum):
    NONE = 0
    INPUT = 1
    OUTPUT = 2


class MemoryPoolType(IntEnum):
    WORKSPACE = 0


_FLAGS = {"DEBUG": 2, "GPU_FALLBACK": 3, "REFIT": 4, "TF32": 7}
_HALF = {"FP16": 0, "INT8": 1}  # gone in 11
BuilderFlag = IntEnum("BuilderFlag", _FLAGS | (_HALF if _MAJOR < 11 else {}))  # type: ignore[misc]

_KINDS = {
    8: {"EXPLICIT_BATCH": 0, "EXPLICIT_PRECISION": 1},
    10: {"EXPLICIT_BATCH": 0, "STRONGLY_TYPED": 1},
    11: {"STRONGLY_TYPED": 0},  # ignored
}
NetworkDefinitionCreationFlag = IntEnum("NetworkDefinitionCreationFlag", _KINDS[_MAJOR])  # type: ignore[misc]


class Dims:
    """It has an index and a length like a tuple, but is none."""

    def __init__(self, shape: tuple[int, ...]) -> None:
        self._shape = tuple(shape)

    def __len__(self) -> int:
        return len(self._shape)

    def __getitem__(self, place: int) -> int:
        return self._shape[place]


class IHostMemory(bytes):
    """Bytes; the real class offers only their buffer."""


class ParserError:
    def __init__(self, reason: str) -> None:
        self._reason = reason

    def desc(self) -> str:
        return self._reason


class INetworkDefinition:
    def __init__(self, flags: int) -> None:
        self.flags = flags
        self.model = b""


class OnnxParser:
    def __init__(self, network: INetworkDefinition, logger: ILogger) -> None:
        assert logger._made
        self._network = network
        self._errors: list[ParserError] = []

    def parse(self, model: bytes, path: str | None = None) -> bool:
        parsed = onnx.load_from_string(model)
        opset = parsed.opset_import[0].version
        calls.append(("parse", opset, _types(parsed)))
        if _MAJOR == 8 and not self._network.flags & 1:
            self._errors.append(ParserError("this version only supports networks with an explicit batch"))
        if _MAJOR == 8 and opset > 17:
            self._errors.append(ParserError(f"opset {opset}"))
        self._network.model = model
        return not self._errors

    @property
    def num_errors(self) -> int:
        return len(self._errors)

    def get_error(self, index: int) -> ParserError:
        return self._errors[index]


def _types(model: onnx.ModelProto) -> frozenset[str]:
    """Return the types of its weights."""
    return frozenset(onnx.TensorProto.DataType.Name(each.data_type) for each in model.graph.initializer)


class IOptimizationProfile:
    def __init__(self) -> None:
        self.shapes: dict[str, tuple[tuple[int, ...], ...]] = {}

    def set_shape(self, input: str, min: tuple[int, ...], opt: tuple[int, ...], max: tuple[int, ...]) -> None:
        self.shapes[input] = (tuple(min), tuple(opt), tuple(max))


class IBuilderConfig:
    def __init__(self) -> None:
        self.flags = {BuilderFlag["TF32"]}
        self.profiles: list[IOptimizationProfile] = []
        if _MAJOR < 11:
            self.int8_calibrator: object = None

    def set_memory_pool_limit(self, pool: MemoryPoolType, pool_size: int) -> None:
        calls.append(("set_memory_pool_limit", pool, pool_size))

    def set_flag(self, flag: "BuilderFlag") -> None:
        calls.append(("set_flag", flag.name))
        self.flags.add(flag)

    def clear_flag(self, flag: "BuilderFlag") -> None:
        calls.append(("clear_flag", flag.name))
        self.flags.discard(flag)

    def add_optimization_profile(self, profile: IOptimizationProfile) -> int:
        self.profiles.append(profile)
        return len(self.profiles) - 1


class Builder:
    def __init__(self, logger: ILogger) -> None:
        self._logger = logger

    def create_network(self, flags: int = 0) -> INetworkDefinition:
        calls.append(("create_network", flags))
        return INetworkDefinition(flags)

    def create_builder_config(self) -> IBuilderConfig:
        return IBuilderConfig()

    def create_optimization_profile(self) -> IOptimizationProfile:
        return IOptimizationProfile()

    def build_serialized_network(
        self, network: INetworkDefinition, config: IBuilderConfig
    ) -> IHostMemory | None:
        strong = _MAJOR == 11 or bool(network.flags & 2 and _MAJOR == 10)
        calls.append(("build", strong, frozenset(flag.name for flag in config.flags)))
        if strong and any(flag.name in _HALF for flag in config.flags):
            self._logger.log(ILogger.ERROR, "a strongly typed network takes no precision flag")
            return None
        shapes = json.dumps(config.profiles[0].shapes).encode()
        return IHostMemory(_MARK + shapes + b"\n" + network.model)


class IExecutionContext:
    def __init__(self, engine: "ICudaEngine") -> None:
        self._engine = engine
        self._addresses: dict[str, int] = {}
        self._shape: tuple[int, ...] = ()
        self._outputs: dict[str, tuple[int, ...]] = {}

    def set_input_shape(self, name: str, shape: tuple[int, ...]) -> bool:
        least, _, most = self._engine.shapes[name]
        fits = all(low <= side <= high for low, side, high in zip(least, shape, most, strict=True))
        if fits:
            self._shape = tuple(shape)
            self._outputs = self._engine.output_shapes(self._shape)
        return fits

    def get_tensor_shape(self, name: str) -> Dims:
        return Dims(self._outputs[name])

    def set_tensor_address(self, name: str, memory: int) -> bool:
        assert type(memory) is int
        self._addresses[name] = memory
        return True

    def execute_async_v3(self, stream_handle: int) -> bool:
        if self._engine.fails:
            self._engine.logger.log(ILogger.ERROR, self._engine.fails)
            return False
        addresses, shape = dict(self._addresses), self._shape
        cuda.gpu.streams[stream_handle].put(lambda: self._engine.compute(addresses, shape))
        return True


class ICudaEngine:
    fails = ""  # why every execution fails, where it does

    def __init__(self, shapes: dict[str, list[tuple[int, ...]]], model: bytes, logger: ILogger) -> None:
        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = 1
        self._session = onnxruntime.InferenceSession(model, options)
        self._names: list[str] = [
            each.name for each in (*self._session.get_inputs(), *self._session.get_outputs())
        ]
        self._shapes: dict[tuple[int, ...], dict[str, tuple[int, ...]]] = {}
        self.shapes = shapes
        self.logger = logger

    @property
    def num_io_tensors(self) -> int:
        return len(self._names)

    def get_tensor_name(self, index: int) -> str:
        return self._names[index]

    def get_tensor_mode(self, name: str) -> TensorIOMode:
        return TensorIOMode.INPUT if name == self._names[0] else TensorIOMode.OUTPUT

    def get_tensor_dtype(self, name: str) -> DataType:
        tensors = {
            each.name: each.type for each in (*self._session.get_inputs(), *self._session.get_outputs())
        }
        return {"tensor(uint8)": DataType.UINT8, "tensor(float)": DataType.FLOAT}[tensors[name]]

    def create_execution_context(self) -> IExecutionContext | None:
        return IExecutionContext(self)

    def output_shapes(self, shape: tuple[int, ...]) -> dict[str, tuple[int, ...]]:
        one = (1, *shape[1:])  # the batch is the first axis of each
        if one not in self._shapes:
            results = self._session.run(None, {self._names[0]: np.zeros(one, np.uint8)})
            self._shapes[one] = dict(zip(self._names[1:], (each.shape[1:] for each in results), strict=True))
        return {name: (shape[0], *rest) for name, rest in self._shapes[one].items()}

    def compute(self, addresses: dict[str, int], shape: tuple[int, ...]) -> None:
        memory = cuda.gpu.memory
        pixels = np.frombuffer(memory[addresses[self._names[0]]], np.uint8, math.prod(shape)).reshape(shape)
        results = self._session.run(None, {self._names[0]: pixels})
        for name, result in zip(self._names[1:], results, strict=True):
            memory[addresses[name]][: result.nbytes] = result.tobytes()


class Runtime:
    def __init__(self, logger: ILogger) -> None:
        assert logger._made
        self._logger = logger

    def deserialize_cuda_engine(self, serialized_engine: bytes) -> ICudaEngine | None:
        calls.append(("deserialize", len(serialized_engine)))
        if not serialized_engine.startswith(_MARK):
            self._logger.log(ILogger.ERROR, "magicTag: not a plan of this version")
            return None
        shapes, _, model = serialized_engine.removeprefix(_MARK).partition(b"\n")
        return ICudaEngine(json.loads(shapes), model, self._logger)
