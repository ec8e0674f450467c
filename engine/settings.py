"""Settings of the engine: the networks that it runs, what runs them, and how long it gathers a batch."""

from typing import Annotated, Literal

from engine.runtimes.registry import RuntimeName
from engine.runtimes.runtime import PrecisionName
from ingest.environment import EnvironmentSettings, form, number, setting

DetectorName = Literal["mien", "yunet"]

DELAY = form("between 0 and 1000 milliseconds", lambda text: number(text, 0, 1000) if text else None)


class EngineSettings(EnvironmentSettings):
    """Networks, runtime and batching."""

    detector: DetectorName = setting(
        "MIEN_DETECTOR", "mien", "the network that detects faces: [another detector](#another-detector)"
    )
    runtime: RuntimeName = setting(
        "MIEN_RUNTIME",
        "auto",
        "what runs the networks of live sources and of `mien run`: `onnx` the CPU; `tensorrt` the GPU, "
        "without which the engine does not start; `auto` the GPU if it can: [gpu.md](gpu.md)",
    )
    precision: PrecisionName = setting(
        "MIEN_PRECISION",
        "auto",
        "weights of the two ResNets on the CPU: `auto` in 8 bits where that suits the CPU, `fp32` never: "
        "[see below](#8-bits)",
    )
    batch_delay: Annotated[float | None, DELAY] = setting(  # milliseconds
        "MIEN_BATCH_DELAY",
        None,
        "how long a face waits for those of other cameras, to be read in one batch",
        shown="`10` with a GPU, else `0`",
    )
