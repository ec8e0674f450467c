"""Trains the face detector: scenes in, weights and card out.

Run as `python -m training.detector`; a run that was cut off goes on from its last checkpoint.
"""

import logging
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import numpy as np
import torch
from torch import Tensor
from torch.optim import AdamW
from torch.utils.data import Dataset

from engine.tensors import grid
from training.data.yunet import Teacher
from training.detector.assignment import assign
from training.detector.hard_negatives import Invention, mine
from training.detector.loss import Batch, loss
from training.detector.network import DetectorNetwork
from training.detector.photos import Photo, load, read_keypoint_faces, read_photos, store
from training.detector.scenes import Composer, Scene
from training.loop import Schedule, epochs
from training.state import TrainingState, averaged, device

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Settings:
    """One run; see runs/detector.toml for what the numbers mean."""

    seed: int
    epochs: int
    steps_an_epoch: int
    rate: float
    warm: float
    decay: float
    average: float
    sides: list[int]
    pixels: int

    @property
    def schedule(self) -> Schedule:
        return Schedule(self.seed, self.epochs, self.steps_an_epoch, self.rate, self.average, warm=self.warm)


class Batches(Dataset[Batch]):
    """Batch `step` of a run, always the same for the same settings and photos."""

    def __init__(self, composer: Composer, settings: Settings, teacher: Path | None = None) -> None:
        self._composer = composer
        self.settings = settings
        self._teacher = teacher

    def __len__(self) -> int:
        return self.settings.epochs * self.settings.steps_an_epoch

    def __getitem__(self, step: int) -> Batch:
        random = np.random.default_rng((self.settings.seed, step))
        side = int(random.choice(self.settings.sides))
        count = max(1, self.settings.pixels // side**2)
        # Scene numbers of different steps never meet: no step draws as many as this.
        scenes = [self._composer.compose(step * 4096 + number, side) for number in range(count)]
        return collate(scenes, None if self._teacher is None else _teacher(self._teacher))


@cache
def _teacher(file: Path) -> Teacher:
    """One for each process: a session of ONNX Runtime cannot be handed to another."""
    return Teacher(file)


def collate(scenes: Sequence[Scene], teacher: Teacher | None = None) -> Batch:
    """Scenes of one size as tensors, with what each asks of the network.

    The teacher looks at the scenes as they were before they were spoiled.
    """
    targets = [assign(scene, teacher.dense(scene.clean) if teacher else None) for scene in scenes]
    answers = [len(target.cells) for target in targets]
    return Batch(
        frames=torch.from_numpy(np.stack([scene.grey for scene in scenes])[:, None].astype(np.float32)),
        grid=torch.from_numpy(grid(*scenes[0].grey.shape)),
        scores=torch.from_numpy(np.stack([target.scores for target in targets])),
        counted=torch.from_numpy(np.stack([target.counted for target in targets])),
        scene=torch.from_numpy(np.repeat(np.arange(len(scenes)), answers)),
        cell=torch.from_numpy(np.concatenate([target.cells for target in targets])),
        boxes=torch.from_numpy(np.concatenate([target.boxes for target in targets])),
        landmarks=torch.from_numpy(np.concatenate([target.landmarks for target in targets])),
    )


def train(
    batches: Batches, checkpoint: Path, *, until: int | None = None, start: Path | None = None
) -> TrainingState:
    """Trains up to epoch `until` (default: all); goes on from `checkpoint` where that exists.

    Where it does not, `start` may name the checkpoint of another run, whose weights are a beginning.
    """
    settings = batches.settings
    torch.manual_seed(settings.seed)
    network = DetectorNetwork().to(device())
    if start is not None:
        network.load_state_dict(averaged(start))
    network = network.to(memory_format=torch.channels_last)  # type: ignore[call-overload]
    optimizer = AdamW(network.parameters(), lr=settings.rate, weight_decay=settings.decay)
    state = TrainingState.start(network, optimizer)
    if checkpoint.exists():
        state.load(checkpoint, settings)

    def save() -> None:
        state.save(checkpoint, settings)

    for told in epochs(state, batches, cost, settings.schedule, save, until=until):
        state.history.append(told)
        save()
        log.info("%s", "  ".join(f"{name} {value:.3f}" for name, value in told.items()))
    return state


def cost(network: DetectorNetwork, batch: Batch) -> tuple[Tensor, dict[str, float]]:
    return loss(network(batch.frames).float(), batch)


def photos(data: Path, cache: Path, teacher: Path) -> tuple[list[Photo], list[Photo]]:
    """people_photos and the keypoint faces, decoded at the first call and read from `cache` later."""
    if not (cache / "keypoint_faces.labels.npz").exists():
        log.info("decoding photos into %s", cache)
        store(read_photos(data, "people_photos"), cache / "people_photos")
        store(read_keypoint_faces(data, Teacher(teacher)), cache / "keypoint_faces")
    return load(cache / "people_photos"), load(cache / "keypoint_faces")


def invented(start: Path | None, photos: Sequence[Photo]) -> list[Invention]:
    """What the weights that a run begins with invent in its photos: nothing where it begins afresh."""
    if start is None:
        return []
    network = DetectorNetwork()
    network.load_state_dict(averaged(start))
    return mine(network, photos)
