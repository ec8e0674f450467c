"""The pictures that a detector is tested on, looked at once per release, and those held out from training."""

import json
import tarfile
from collections.abc import Iterator, Sequence
from itertools import count as numbers
from pathlib import Path
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from training.detector.matching import Labelled
from training.detector.photos import Photo, held_out

Picture = NDArray[np.uint8]


def held_out_photos(photos: Sequence[Photo]) -> Iterator[tuple[str, Picture, Labelled]]:
    """The validation part of people_photos: grey, labelled by YuNet and not by people."""
    for photo in photos:
        if held_out(photo.name):
            yield photo.name, photo.grey, Labelled(photo.boxes[photo.sure], photo.boxes[~photo.sure])


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
