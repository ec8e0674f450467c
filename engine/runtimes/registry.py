"""Runtimes by name. A new one is a module with `check` and `load` (runtime.Backend), and a row here."""

from contextlib import suppress
from importlib import import_module
from typing import Literal, cast

from engine.runtimes.runtime import Backend, NoGpuError

RuntimeName = Literal["auto", "onnx", "tensorrt"]

# The fastest first: `auto` takes the first that works. Modules are named, not imported, so that a machine
# without a GPU needs none of its libraries, and settings are read without loading any.
RUNTIMES: dict[RuntimeName, str] = {
    "tensorrt": "engine.runtimes.tensorrt.accelerator",
    "onnx": "engine.runtimes.onnx",
}


def find_backend(name: RuntimeName) -> Backend:
    """Return the named backend. Raises NoGpuError where this machine cannot run it."""
    if name == "auto":
        for candidate in RUNTIMES:
            with suppress(NoGpuError):
                return find_backend(candidate)
        raise NoGpuError("no runtime works on this machine")
    backend = cast(Backend, import_module(RUNTIMES[name]))
    backend.check()
    return backend
