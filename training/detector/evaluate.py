"""Evaluation of a detector: recall and false positives, average precision, time compared with YuNet."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np

from engine.card import read_card
from engine.labels import LANDMARKS
from engine.runtimes.onnx import OnnxRuntime
from engine.stages.detect import Detector
from engine.stages.track import LOW_SCORE_MARGIN
from training.arrays import Pixels
from training.data.yunet import YuNet
from training.detector.evaluation_sets import LabelledPicture, people_photos_test, pictures_and_frames
from training.detector.matching import DetectionResults, Detections, average_precision, count
from training.paths import YUNET
from training.speed import alternate

LOW_THRESHOLD = 0.02  # score down to which detections take part in the average precision
ROUNDS = 60  # of timing

# Takes a (height, width) grey or (height, width, 3) BGR picture; its boxes are in pixels.
DetectFunction = Callable[[Pixels], Detections]


@dataclass(frozen=True, slots=True)
class DetectorMetrics:
    """The figures that decide on a release."""

    recall: float  # on the labelled pictures and frames
    false_positives: int  # on all of them
    ap: float  # people_photos_test, IoU 0.5
    yunet_ap: float
    detector_vs_yunet: float  # ratio of the times at 640x360 on one thread


def shipped_detector(folder: Path, threshold: float) -> DetectFunction:
    """Return the engine's own detector with the weights of `folder`."""
    card = read_card("detector", LANDMARKS, folder)
    return in_pixels(Detector(OnnxRuntime(card.file), threshold))


def in_pixels(detector: Detector) -> DetectFunction:
    """Adapt the engine's detector to one picture, grey or BGR, and boxes in pixels."""

    def detect(picture: Pixels) -> Detections:
        height, width = picture.shape[:2]
        grey = cv2.cvtColor(picture, cv2.COLOR_BGR2GRAY) if picture.ndim == 3 else picture
        faces = detector.detect([np.asarray(grey, dtype=np.uint8)])[0]
        boxes = [(face.box.left, face.box.top, face.box.right, face.box.bottom) for face in faces]
        pixels = np.array(boxes, dtype=np.float32).reshape(-1, 4) * (width, height, width, height)
        scores = np.array([face.score for face in faces], dtype=np.float32)
        return Detections(pixels.astype(np.float32), scores)

    return detect


def yunet_detector(file: Path) -> DetectFunction:
    """Return YuNet on the picture as it is, its long side at most 640 as the engine's."""
    yunet = YuNet(file, LOW_THRESHOLD)

    def detect(picture: Pixels) -> Detections:
        faces = yunet.detect(picture)
        boxes = np.array([face.box for face in faces], dtype=np.float32).reshape(-1, 4)
        return Detections(boxes, np.array([face.score for face in faces], dtype=np.float32))

    return detect


def detect_all(detect: DetectFunction, pictures: Iterable[LabelledPicture]) -> DetectionResults:
    """Run `detect` on labelled pictures."""
    pairs = [(truth, detect(picture)) for _, picture, truth in pictures]
    return DetectionResults([truth for truth, _ in pairs], [detections for _, detections in pairs])


def time_ratio(ours: OnnxRuntime, yunet: OnnxRuntime) -> float:
    """Return the ratio of the networks' least times at 640x360 (384 rows once padded), one thread each."""
    frame = np.random.default_rng(0).uniform(0, 255, (1, 1, 384, 640)).astype(np.float32)
    inputs = ({"frames": frame}, {"input": np.repeat(frame, 3, axis=1)})
    our_times, their_times = alternate((ours, yunet), inputs, ROUNDS)
    return min(our_times) / min(their_times)


def evaluate_detector(shared: Path, folder: Path) -> tuple[DetectorMetrics, DetectionResults]:
    """Evaluate the weights in `folder` on the test sets; also return their detections in the test photos."""
    card = read_card("detector", LANDMARKS, folder)
    low = card.threshold - LOW_SCORE_MARGIN
    served = detect_all(shipped_detector(folder, low), pictures_and_frames(shared))
    counts = count(served, card.threshold)
    results = detect_all(shipped_detector(folder, LOW_THRESHOLD), people_photos_test(shared / "data"))
    yunet_results = detect_all(yunet_detector(shared / YUNET), people_photos_test(shared / "data"))
    metrics = DetectorMetrics(
        recall=round(counts.recall, 4),
        false_positives=counts.false_positives,
        ap=round(average_precision(results), 4),
        yunet_ap=round(average_precision(yunet_results), 4),
        detector_vs_yunet=round(time_ratio(OnnxRuntime(card.file), OnnxRuntime(shared / YUNET)), 3),
    )
    return metrics, results
