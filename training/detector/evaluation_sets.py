"""Labelled pictures on which a detector is evaluated: those held out from training, and the test sets."""

import json
import tarfile
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import cv2
import numpy as np

from training.arrays import Pixels
from training.detector.matching import GroundTruth
from training.detector.photos import Photo, corners, decode, is_held_out, read_member

LabelledPicture = tuple[str, Pixels, GroundTruth]  # with its name


def held_out_photos(photos: Sequence[Photo]) -> Iterator[LabelledPicture]:
    """Yield the validation set of people_photos: grey, labelled by YuNet and not by people."""
    for photo in photos:
        if is_held_out(photo.name):
            yield photo.name, photo.grey, GroundTruth(photo.boxes[photo.sure], photo.boxes[~photo.sure])


def pictures_and_frames(shared: Path) -> Iterator[LabelledPicture]:
    """Yield the labelled pictures, then the labelled frames of the videos, all in BGR."""
    for name, entry in json.loads((shared / "pictures" / "boxes.json").read_text()).items():
        picture = cv2.imread(str(shared / "pictures" / name), cv2.IMREAD_COLOR)
        yield name, np.asarray(picture, dtype=np.uint8), _ground_truth(entry["faces"])
    for name, frames in json.loads((shared / "videos" / "boxes.json").read_text()).items():
        for number, picture in _frames(shared / "videos" / name, {int(key) for key in frames}):
            yield f"{name}:{number}", picture, _ground_truth(frames[str(number)])


def people_photos_test(data: Path) -> Iterator[LabelledPicture]:
    """Yield people_photos_test in BGR, with boxes drawn by people where there are any, else reviewed ones."""
    lines = (data / "people_photos_test_labels.jsonl").read_text().splitlines()
    with tarfile.open(data / "people_photos_test.tar") as tar:
        for line in map(json.loads, lines):
            picture = decode(read_member(tar, line["image"]), cv2.IMREAD_COLOR)
            yield line["image"], picture, _ground_truth(_faces_of(line))


def _faces_of(line: dict[str, Any]) -> list[dict[str, Any]]:
    if "human_faces" in line:
        return [{"box": face["box"], "use": "face"} for face in line["human_faces"]]
    return [{"box": face["box"], "use": "face" if face["sure"] else "ignore"} for face in line["faces"]]


def _ground_truth(faces: Sequence[dict[str, Any]]) -> GroundTruth:
    boxes = {use: [face["box"] for face in faces if face["use"] == use] for use in ("face", "ignore")}
    return GroundTruth(faces=corners(boxes["face"]), ignored=corners(boxes["ignore"]))


def _frames(video: Path, numbers: set[int]) -> Iterator[tuple[int, Pixels]]:
    """Yield the frames of these numbers, as OpenCV counts them, which is how the boxes are numbered."""
    capture = cv2.VideoCapture(str(video))
    for number in range(max(numbers) + 1):
        more, picture = capture.read()
        if not more:
            break
        if number in numbers:
            yield number, np.asarray(picture, dtype=np.uint8)
    capture.release()
