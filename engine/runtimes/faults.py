"""What can be wrong with a GPU, as the engine tells it apart."""


class GpuError(Exception):
    """The GPU cannot do what it was asked; the message says why, in one line."""


class NoGpuError(GpuError):
    """There is no driver, no GPU, or not the libraries that it takes."""


class OutOfMemoryError(GpuError):
    """The GPU's memory does not suffice: smaller batches may fit."""


class PlanError(GpuError):
    """A plan cannot be built, loaded or run, or its results are not those of ONNX Runtime."""


class DeviceLostError(GpuError):
    """The GPU, or this process's context on it, is gone: only a new process can use it again."""
