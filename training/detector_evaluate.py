"""Measures the shipped detector: recall and inventions, average precision and time beside YuNet.

Run as `python -m training.detector_evaluate`; `--json` prints the figures alone.
"""

import argparse
import json
import tarfile
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass
from itertools import count as numbers
from pathlib import Path
from time import perf_counter
from typing import Any, Protocol

import cv2
import numpy as np
from numpy.typing import NDArray

from engine.card import MODELS, read_card
from engine.detect import THRESHOLD, Detector
from engine.labels import LANDMARKS
from engine.runtimes.onnx import OnnxRuntime
from training.matching import Guessed, Labelled, average_precision, count
from training.teacher import Teacher

SHARED = Path(__file__).parents[2] / "shared"
YUNET = "models/face_detection_yunet_2023mar_dynamic.onnx"
LOW = 0.02  # score down to which boxes take part in the average precision
ROUNDS = 60  # of timing

Picture = NDArray[np.uint8]


class Finder(Protocol):
    """A detector under measurement: BGR (height, width, 3) in, boxes in pixels out."""

    def __call__(self, picture: Picture) -> Guessed: ...


@dataclass(frozen=True, slots=True)
class Figures:
    """What a release is judged by."""

    recall: float  # on the boxes of the shared pictures and videos
    false_positives: int  # there, in all
    ap: float  # people_photos_test, IoU 0.5
    yunet_ap: float
    detector_vs_yunet: float  # time over time at 640x360, one thread


def shipped(folder: Path = MODELS) -> Finder:
    """The engine's own detector with the weights of `folder`."""
    card = read_card("detector", LANDMARKS, folder)
    detector = Detector(OnnxRuntime(card.file), LOW)

    def find(picture: Picture) -> Guessed:
        height, width = picture.shape[:2]
        faces = detector.find([np.asarray(cv2.cvtColor(picture, cv2.COLOR_BGR2GRAY), dtype=np.uint8)])[0]
        boxes = [(face.box.left, face.box.top, face.box.right, face.box.bottom) for face in faces]
        pixels = np.array(boxes, dtype=np.float32).reshape(-1, 4) * (width, height, width, height)
        return Guessed(pixels.astype(np.float32), np.array([face.score for face in faces], dtype=np.float32))

    return find


def yunet(file: Path) -> Finder:
    """YuNet on the colour picture, its long side at most 640 as the engine's."""
    teacher = Teacher(file, LOW)

    def find(picture: Picture) -> Guessed:
        faces = teacher.find(picture)
        boxes = np.array([face.box for face in faces], dtype=np.float32).reshape(-1, 4)
        return Guessed(boxes, np.array([face.score for face in faces], dtype=np.float32))

    return find


def scenes(shared: Path) -> Iterator[tuple[str, Picture, Labelled]]:
    """The labelled pictures, then the labelled frames of the videos."""
    for name, entry in json.loads((shared / "pictures" / "boxes.json").read_text()).items():
        picture = cv2.imread(str(shared / "pictures" / name), cv2.IMREAD_COLOR)
        yield name, np.asarray(picture, dtype=np.uint8), _labelled(entry["faces"])
    for name, frames in json.loads((shared / "videos" / "boxes.json").read_text()).items():
        for number, picture in _frames(shared / "videos" / name, {int(key) for key in frames}):
            yield f"{name}:{number}", picture, _labelled(frames[str(number)])


def test_photos(data: Path) -> Iterator[tuple[str, Picture, Labelled]]:
    """people_photos_test: boxes drawn by people where there are any, else the reviewed ones."""
    lines = (data / "people_photos_test_labels.jsonl").read_text().splitlines()
    with tarfile.open(data / "people_photos_test.tar") as tar:
        for line in map(json.loads, lines):
            file = tar.extractfile(line["image"])
            assert file is not None
            encoded = np.frombuffer(file.read(), dtype=np.uint8)
            picture = np.asarray(cv2.imdecode(encoded, cv2.IMREAD_COLOR), dtype=np.uint8)
            yield line["image"], picture, _labelled(_faces_of(line))


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


def measure(shared: Path, folder: Path = MODELS, threshold: float = THRESHOLD) -> Figures:
    """All figures of the weights in `folder`."""
    find, compared = shipped(folder), yunet(shared / YUNET)
    pairs = [(labelled, find(picture)) for _, picture, labelled in scenes(shared)]
    counted = count([pair[0] for pair in pairs], [pair[1] for pair in pairs], threshold)
    photos = list(test_photos(shared / "data"))
    truth = [labelled for _, _, labelled in photos]
    card = read_card("detector", LANDMARKS, folder)
    return Figures(
        recall=round(counted.recall, 4),
        false_positives=counted.invented,
        ap=round(average_precision(truth, [find(picture) for _, picture, _ in photos]), 4),
        yunet_ap=round(average_precision(truth, [compared(picture) for _, picture, _ in photos]), 4),
        detector_vs_yunet=round(speed_beside(OnnxRuntime(card.file), OnnxRuntime(shared / YUNET)), 3),
    )


def _faces_of(line: dict[str, Any]) -> list[dict[str, Any]]:
    if "human_faces" in line:
        return [{"box": face["box"], "use": "face"} for face in line["human_faces"]]
    return [{"box": face["box"], "use": "face" if face["sure"] else "ignore"} for face in line["faces"]]


def _labelled(faces: Sequence[dict[str, Any]]) -> Labelled:
    boxes = {use: [face["box"] for face in faces if face["use"] == use] for use in ("face", "ignore")}
    corners = {use: np.array(rows, dtype=np.float32).reshape(-1, 4) for use, rows in boxes.items()}
    for rows in corners.values():
        rows[:, 2:] += rows[:, :2]
    return Labelled(faces=corners["face"], ignored=corners["ignore"])


def _frames(video: Path, wanted: set[int]) -> Iterator[tuple[int, Picture]]:
    """Frames by the number that OpenCV gives them, which is how the boxes are numbered."""
    capture = cv2.VideoCapture(str(video))
    for number in numbers():
        more, picture = capture.read()
        if not more or number > max(wanted):
            break
        if number in wanted:
            yield number, np.asarray(picture, dtype=np.uint8)
    capture.release()


def main(arguments: Sequence[str] | None = None) -> None:
    parser = argparse.ArgumentParser(prog="python -m training.detector_evaluate", description=__doc__)
    parser.add_argument(
        "--shared", type=Path, default=SHARED, help="folder with pictures, videos, data, models"
    )
    parser.add_argument("--models", type=Path, default=MODELS)
    parser.add_argument("--threshold", type=float, default=THRESHOLD)
    parser.add_argument("--json", action="store_true")
    options = parser.parse_args(arguments)
    figures = asdict(measure(options.shared, options.models, options.threshold))
    if options.json:
        print(json.dumps(figures))
    else:
        print("\n".join(f"{name:18s} {value}" for name, value in figures.items()))


if __name__ == "__main__":
    main()
