"""Training batches of the detector: random scenes and the targets of their cells."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import numpy as np
import torch

from engine.tensors import grid
from training.data.yunet import YuNet
from training.detector.assignment import assign
from training.detector.loss import DetectorBatch
from training.detector.scenes import Composer, Scene
from training.loop import Batches
from training.state import RunSettings

MAX_SCENES_PER_STEP = 4096  # no batch has more, so that scene numbers of different steps never collide


@dataclass(frozen=True, slots=True, kw_only=True)
class DetectorSettings(RunSettings):
    """Settings of a run; `training/runs/detector.toml` explains each."""

    steps_per_epoch: int
    scene_sides: list[int]
    pixels_per_step: int


class DetectorBatches(Batches[DetectorBatch]):
    """Batches of a detector run by step number."""

    def __init__(self, composer: Composer, settings: DetectorSettings, yunet: Path | None = None) -> None:
        self._composer = composer
        self._settings = settings
        self._yunet = yunet
        self.steps_per_epoch = settings.steps_per_epoch

    def __getitem__(self, step: int) -> DetectorBatch:
        rng = np.random.default_rng((self._settings.seed, step))
        side = int(rng.choice(self._settings.scene_sides))
        count = max(1, self._settings.pixels_per_step // side**2)
        first = step * MAX_SCENES_PER_STEP
        scenes = [self._composer.compose(first + number, side) for number in range(count)]
        return collate(scenes, None if self._yunet is None else _yunet_of_process(self._yunet))


@cache
def _yunet_of_process(file: Path) -> YuNet:
    """Load YuNet once in each loader process: a session of ONNX Runtime cannot be pickled."""
    return YuNet(file)


def collate(scenes: Sequence[Scene], teacher: YuNet | None = None) -> DetectorBatch:
    """Stack scenes of one size and their targets; the teacher sees the scenes before degradation."""
    targets = [assign(scene, teacher.predict(scene.clean) if teacher else None) for scene in scenes]
    positives = [len(target.cells) for target in targets]
    return DetectorBatch(
        frames=torch.from_numpy(np.stack([scene.grey for scene in scenes])[:, None].astype(np.float32)),
        grid=torch.from_numpy(grid(*scenes[0].grey.shape)),
        scores=torch.from_numpy(np.stack([target.scores for target in targets])),
        counted=torch.from_numpy(np.stack([target.counted for target in targets])),
        scene=torch.from_numpy(np.repeat(np.arange(len(scenes)), positives)),
        cell=torch.from_numpy(np.concatenate([target.cells for target in targets])),
        boxes=torch.from_numpy(np.concatenate([target.boxes for target in targets])),
        landmarks=torch.from_numpy(np.concatenate([target.landmarks for target in targets])),
    )
