"""Measures a detector: recall and inventions, average precision, time beside YuNet."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from time import perf_counter
from typing import Protocol

import cv2
import numpy as np

from engine.card import read_card
from engine.labels import LANDMARKS
from engine.runtimes.onnx import OnnxRuntime
from engine.stages.detect import Detector
from engine.stages.track import UNSURE_BY
from training.data.yunet import Teacher
from training.detector.evaluation_sets import Picture, scenes, test_photos
from training.detector.matching import Guessed, Labelled, average_precision, count
from training.paths import YUNET

LOW = 0.02  # score down to which boxes take part in the average precision
ROUNDS = 60  # of timing


class Finder(Protocol):
    """A detector under measurement: (height, width) grey or BGR in, boxes in pixels out."""

    def __call__(self, picture: Picture) -> Guessed: ...


@dataclass(frozen=True, slots=True)
class Figures:
    """What a release is judged by."""

    recall: float  # on the boxes of the shared pictures and videos
    false_positives: int  # there, in all
    ap: float  # people_photos_test, IoU 0.5
    yunet_ap: float
    detector_vs_yunet: float  # time over time at 640x360, one thread


@dataclass(frozen=True, slots=True, eq=False)
class Found:
    """What a detector finds in pictures whose faces are known."""

    labels: Sequence[Labelled]
    guesses: Sequence[Guessed]

    @property
    def ap(self) -> float:
        return average_precision(self.labels, self.guesses)


def shipped(folder: Path, threshold: float) -> Finder:
    """The engine's own detector with the weights of `folder`."""
    card = read_card("detector", LANDMARKS, folder)
    return finder(Detector(OnnxRuntime(card.file), threshold))


def finder(detector: Detector) -> Finder:
    """The engine's detector, asked for boxes in pixels."""

    def find(picture: Picture) -> Guessed:
        height, width = picture.shape[:2]
        grey = cv2.cvtColor(picture, cv2.COLOR_BGR2GRAY) if picture.ndim == 3 else picture
        faces = detector.detect([np.asarray(grey, dtype=np.uint8)])[0]
        boxes = [(face.box.left, face.box.top, face.box.right, face.box.bottom) for face in faces]
        pixels = np.array(boxes, dtype=np.float32).reshape(-1, 4) * (width, height, width, height)
        return Guessed(pixels.astype(np.float32), np.array([face.score for face in faces], dtype=np.float32))

    return find


def yunet(file: Path) -> Finder:
    """YuNet on the picture as it comes, its long side at most 640 as the engine's."""
    teacher = Teacher(file, LOW)

    def find(picture: Picture) -> Guessed:
        faces = teacher.find(picture)
        boxes = np.array([face.box for face in faces], dtype=np.float32).reshape(-1, 4)
        return Guessed(boxes, np.array([face.score for face in faces], dtype=np.float32))

    return find


def look(find: Finder, pictures: Iterable[tuple[str, Picture, Labelled]]) -> Found:
    """What `find` sees in named pictures whose faces are known."""
    pairs = [(labelled, find(picture)) for _, picture, labelled in pictures]
    return Found([labelled for labelled, _ in pairs], [guessed for _, guessed in pairs])


def speed_beside(ours: OnnxRuntime, theirs: OnnxRuntime) -> float:
    """The networks' least times at 640x360 (384 rows once padded), taken in turns, one thread each."""
    random = np.random.default_rng(0)
    frame = random.uniform(0, 255, (1, 1, 384, 640)).astype(np.float32)
    inputs = ({"frames": frame}, {"input": np.repeat(frame, 3, axis=1)})
    times: list[list[float]] = [[], []]
    for _ in range(ROUNDS):
        for runtime, tensors, taken in zip((ours, theirs), inputs, times, strict=True):
            started = perf_counter()
            runtime.run(tensors)
            taken.append(perf_counter() - started)
    return min(times[0]) / min(times[1])


def measure(shared: Path, folder: Path) -> tuple[Figures, Found]:
    """All figures of the weights in `folder` on the test sets, and what they found in the test photos."""
    card = read_card("detector", LANDMARKS, folder)
    served = look(shipped(folder, card.threshold - UNSURE_BY), scenes(shared))
    counted = count(served.labels, served.guesses, card.threshold)
    found = look(shipped(folder, LOW), test_photos(shared / "data"))
    compared = look(yunet(shared / YUNET), test_photos(shared / "data"))
    figures = Figures(
        recall=round(counted.recall, 4),
        false_positives=counted.invented,
        ap=round(found.ap, 4),
        yunet_ap=round(compared.ap, 4),
        detector_vs_yunet=round(speed_beside(OnnxRuntime(card.file), OnnxRuntime(shared / YUNET)), 3),
    )
    return figures, found
