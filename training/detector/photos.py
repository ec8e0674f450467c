"""Photos with labelled faces: people_photos and the keypoint set, decoded once into flat arrays."""

import hashlib
import json
import tarfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from training.data.yunet import Teacher

Grey = NDArray[np.uint8]
Floats = NDArray[np.float32]

# Of 60 unsure boxes in which neither detector reached this, 51 were background (README of the data).
DOUBTFUL = 0.45
VALIDATION = 12  # one people_photos picture in so many is held out, chosen by the hash of its path


@dataclass(frozen=True, slots=True, eq=False)
class Photo:
    """A grey picture and its faces, in pixels."""

    name: str
    grey: Grey  # (height, width), read-only
    boxes: Floats  # (n, 4) left, top, right, bottom; may reach over the border
    landmarks: Floats  # (n, 5, 2) in the order of labels.LANDMARKS
    sure: NDArray[np.bool_]  # (n,) False: neither face nor background


def held_out(photo: str) -> bool:
    """Whether a picture of this name belongs to validation; the same on every machine."""
    return int(hashlib.sha256(photo.encode()).hexdigest(), 16) % VALIDATION == 0


def read_photos(data: Path, name: str) -> list[Photo]:
    """Reads `<data>/<name>.tar` with `<data>/<name>_labels.jsonl`."""
    lines = [json.loads(line) for line in (data / f"{name}_labels.jsonl").read_text().splitlines()]
    with tarfile.open(data / f"{name}.tar") as tar:
        return [_photo(line, _decode(_member(tar, line["image"]))) for line in lines]


def read_keypoint_faces(data: Path, teacher: Teacher) -> list[Photo]:
    """The training people of the keypoint set, as 144x144 photos with the teacher's boxes."""
    with np.load(data / "keypoints_udacity.npz") as stored:
        jpeg, offset, split = stored["jpeg"], stored["offset"], stored["split"]
    photos = []
    for number in np.flatnonzero(split == 0):
        grey = _decode(jpeg[offset[number] : offset[number + 1]].tobytes())
        found = [face for face in teacher.find(grey) if face.score >= 0.7]
        if len(found) == 1:
            photos.append(
                Photo(
                    name=f"keypoints/{number}",
                    grey=grey,
                    boxes=np.stack([face.box for face in found]),
                    landmarks=np.stack([face.landmarks for face in found]),
                    sure=np.ones(1, dtype=np.bool_),
                )
            )
    return photos


def store(photos: list[Photo], path: Path) -> None:
    """Writes decoded photos as one flat array of pixels and one of labels, so that loaders can share them."""
    path.parent.mkdir(parents=True, exist_ok=True)
    np.save(path.with_suffix(".pixels.npy"), np.concatenate([photo.grey.ravel() for photo in photos]))
    np.savez(
        path.with_suffix(".labels.npz"),
        name=np.array([photo.name for photo in photos]),
        shape=np.array([photo.grey.shape for photo in photos]),
        faces=np.array([len(photo.boxes) for photo in photos]),
        boxes=np.concatenate([photo.boxes for photo in photos]),
        landmarks=np.concatenate([photo.landmarks for photo in photos]),
        sure=np.concatenate([photo.sure for photo in photos]),
    )


def load(path: Path) -> list[Photo]:
    """What `store` wrote; the pixels stay in the file until they are looked at."""
    pixels = np.load(path.with_suffix(".pixels.npy"), mmap_mode="r")
    with np.load(path.with_suffix(".labels.npz")) as stored:
        labels = {key: stored[key] for key in stored.files}
    return list(_unpack(pixels, labels))


def _unpack(pixels: Grey, labels: dict[str, NDArray[Any]]) -> Iterator[Photo]:
    at = np.cumsum([0, *(height * width for height, width in labels["shape"])])
    face = np.cumsum([0, *labels["faces"]])
    for number, (name, shape) in enumerate(zip(labels["name"], labels["shape"], strict=True)):
        mine = slice(face[number], face[number + 1])
        yield Photo(
            name=str(name),
            grey=pixels[at[number] : at[number + 1]].reshape(shape),
            boxes=labels["boxes"][mine],
            landmarks=labels["landmarks"][mine],
            sure=labels["sure"][mine],
        )


def _photo(line: dict[str, Any], grey: Grey) -> Photo:
    faces = [face for face in line["faces"] if face["sure"] or max(face["yunet"], face["scrfd"]) >= DOUBTFUL]
    boxes = np.array([face["box"] for face in faces], dtype=np.float32).reshape(-1, 4)
    boxes[:, 2:] += boxes[:, :2]
    unknown = [0.0] * 10
    landmarks = [face["landmarks"] or unknown for face in faces]
    return Photo(
        name=f"{line['source']}/{line['path']}",
        grey=grey,
        boxes=boxes,
        landmarks=np.array(landmarks, dtype=np.float32).reshape(-1, 5, 2),
        sure=np.array([face["sure"] for face in faces], dtype=np.bool_),
    )


def _member(tar: tarfile.TarFile, name: str) -> bytes:
    file = tar.extractfile(name)
    if file is None:
        raise ValueError(f"{tar.name!r}: expected a file named {name}, actual none")
    with file:
        return file.read()


def _decode(jpeg: bytes) -> Grey:
    grey = cv2.imdecode(np.frombuffer(jpeg, dtype=np.uint8), cv2.IMREAD_GRAYSCALE)
    if grey is None:
        raise ValueError(f"expected a picture, actual {len(jpeg)} bytes that OpenCV cannot decode")
    return np.asarray(grey, dtype=np.uint8)
