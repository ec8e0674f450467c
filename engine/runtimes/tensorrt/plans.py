"""Stores TensorRT's plans, each under the key of all that it depends on.

A plan is a serialised engine. TensorRT's deserialiser may crash on other bytes, so a plan is checked before.
The check finds damage and mix-ups, not malice: whoever can write to the folder can run code in the engine.
"""

import fcntl
import hashlib
import json
import os
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path

from engine.runtimes.runtime import GpuError
from engine.tensors import CROP_BATCH, CROP_SIDE, LONG_SIDE, STRIDES

FORMAT = b"mien plan 1\n"
RECIPE = 1  # version of the FP16 rewrite and of the build: raise it when their output changes
PRECISION = "fp16"
SUFFIX = ".plan"

Shape = tuple[int, int, int, int]  # batch, channels, height, width


@dataclass(frozen=True, slots=True)
class Profile:
    """Range of shapes of a network's input, and the likely one, for which its plan is optimised."""

    input: str
    least: Shape
    likely: Shape
    most: Shape


CROP = (1, CROP_SIDE, CROP_SIDE)  # channels, height, width
CROPS = Profile("crops", least=(1, *CROP), likely=(CROP_BATCH, *CROP), most=(CROP_BATCH, *CROP))
FRAMES = Profile(
    "frames",
    least=(1, 1, STRIDES[-1], STRIDES[-1]),
    likely=(8, 1, 384, LONG_SIDE),  # frames of 16:9
    most=(16, 1, LONG_SIDE, LONG_SIDE),
)
PROFILES = {"detector": FRAMES, "keypoints": CROPS, "emotion": CROPS}


@dataclass(frozen=True, slots=True)
class PlanKey:
    """All that a plan depends on."""

    network: str
    weights: str  # SHA-256 of the ONNX file
    recipe: int
    tensorrt: str  # its version
    gpu: str  # its name
    capability: str  # the GPU's compute capability, such as 9.0
    precision: str
    profile: Profile

    def encode(self) -> str:
        """Return the key as JSON."""
        return json.dumps(asdict(self), sort_keys=True)

    def path(self, folder: Path) -> Path:
        """Return the path of the plan in a folder of plans."""
        digest = hashlib.sha256(self.encode().encode()).hexdigest()
        return folder / f"{self.network}-{digest[:16]}{SUFFIX}"


class PlanError(GpuError):
    """A plan cannot be built, loaded or run, or its results differ from those of ONNX Runtime."""


class NoPlanError(Exception):
    """The plan of a key is missing, or is damaged or of another key."""


def plans_folder(data: Path) -> Path:
    """Return the folder of plans in the data folder."""
    return data / "plans"


@contextmanager
def building(folder: Path) -> Iterator[None]:
    """Lock the folder, so that one process at a time looks for a plan and builds it. Raises OSError."""
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    with (folder / "building").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield


def write_plan(folder: Path, key: PlanKey, plan: bytes) -> Path:
    """Write a plan into the folder, atomically. Raises OSError."""
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    header = {"key": key.encode(), "bytes": len(plan), "sha256": hashlib.sha256(plan).hexdigest()}
    with tempfile.NamedTemporaryFile(dir=folder, suffix=".partial", delete=False) as partial:
        try:
            partial.write(FORMAT + json.dumps(header).encode() + b"\n" + plan)
            partial.flush()
            os.fsync(partial.fileno())
            Path(partial.name).replace(key.path(folder))
        except BaseException:
            Path(partial.name).unlink()
            raise
    return key.path(folder)


def read_plan(folder: Path, key: PlanKey) -> bytes:
    """Return the plan of `key`. Raises NoPlanError if it is missing, damaged or of another key."""
    path = key.path(folder)
    try:
        written = path.read_bytes()
    except FileNotFoundError:
        raise NoPlanError("there is none yet") from None
    except OSError as error:
        raise NoPlanError(f"{path}: cannot be read: {error.strerror}") from error
    start, _, plan = written.removeprefix(FORMAT).partition(b"\n")
    try:
        header = json.loads(start) if written.startswith(FORMAT) else {}
        written_key, length, digest = header["key"], header["bytes"], header["sha256"]
    except (ValueError, KeyError, TypeError) as error:
        raise NoPlanError(f"{path}: not a plan of this service") from error
    if written_key != key.encode():
        raise NoPlanError(f"{path}: a plan of another key: {written_key}")
    if length != len(plan) or digest != hashlib.sha256(plan).hexdigest():
        raise NoPlanError(f"{path}: damaged: not {length} bytes of sha256 {digest}")
    return plan
