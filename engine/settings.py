"""Settings of the engine: networks, runtime and batching."""

from typing import Annotated, Literal

from engine.runtimes.registry import RuntimeName
from engine.runtimes.runtime import PrecisionName
from ingest.environment import EnvironmentSettings, form, number, setting

DetectorName = Literal["mien", "yunet"]

DELAY = form("between 0 and 1000 milliseconds", lambda text: number(text, 0, 1000) if text else None)


class EngineSettings(EnvironmentSettings):
    """Networks, where they run, and how long a batch waits."""

    detector: DetectorName = setting(
        "MIEN_DETECTOR", "mien", "the network that detects faces: [another detector](#another-detector)"
    )
    runtime: RuntimeName = setting(
        "MIEN_RUNTIME",
        "auto",
        "where the networks of live sources and of `mien run` run: `onnx` on the CPU; `tensorrt` on the GPU, "
        "and without one the engine does not start; `auto` on the GPU if that works: [gpu.md](gpu.md)",
    )
    precision: PrecisionName = setting(
        "MIEN_PRECISION",
        "auto",
        "weights of the two ResNets on the CPU: `auto` of 8 bits if the CPU has instructions for them, "
        "`fp32` never: [see below](#8-bits)",
    )
    batch_delay: Annotated[float | None, DELAY] = setting(  # milliseconds
        "MIEN_BATCH_DELAY",
        None,
        "how long a face waits for faces of other cameras, to be read in one batch",
        shown="`10` with a GPU, else `0`",
    )
