"""Photos with labelled faces: people_photos and the keypoint set, decoded once into flat arrays."""

import hashlib
import json
import tarfile
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from engine.records import Floats
from training.arrays import Mask, Pixels
from training.data.yunet import YuNet

# Of 60 unsure boxes to which neither detector gave this score, 51 were background (README of the data).
MIN_UNSURE_SCORE = 0.45
VALIDATION_PARTS = 12  # one people_photos picture in so many is held out, by the hash of its path


@dataclass(frozen=True, slots=True, eq=False)
class Photo:
    """A grey picture and its faces, in pixels."""

    name: str
    grey: Pixels  # (height, width), read-only
    boxes: Floats  # (n, 4) left, top, right, bottom; may extend past the border
    landmarks: Floats  # (n, 5, 2) in the order of labels.LANDMARKS
    sure: Mask  # (n,) False: to be ignored, neither face nor background

    @property
    def sizes(self) -> Floats:
        """Return the (n,) square roots of the boxes' areas in pixels."""
        sides = self.boxes[:, 2:] - self.boxes[:, :2]
        return np.asarray(np.sqrt(np.prod(sides, axis=1)), dtype=np.float32)


def is_held_out(name: str) -> bool:
    """Return True for a photo of the validation set; the same on every machine."""
    return int(hashlib.sha256(name.encode()).hexdigest(), 16) % VALIDATION_PARTS == 0


def read_photos(data: Path, name: str) -> list[Photo]:
    """Read `<data>/<name>.tar` with `<data>/<name>_labels.jsonl`."""
    lines = [json.loads(line) for line in (data / f"{name}_labels.jsonl").read_text().splitlines()]
    with tarfile.open(data / f"{name}.tar") as tar:
        return [_photo(line, decode(read_member(tar, line["image"]))) for line in lines]


def read_keypoint_faces(data: Path, yunet: YuNet) -> list[Photo]:
    """Read the training people of the keypoint set as 144x144 photos, with YuNet's boxes and landmarks."""
    with np.load(data / "keypoints_udacity.npz") as stored:
        jpeg, offset, split = stored["jpeg"], stored["offset"], stored["split"]
    photos = []
    for number in np.flatnonzero(split == 0):
        grey = decode(jpeg[offset[number] : offset[number + 1]].tobytes())
        faces = [face for face in yunet.detect(grey) if face.score >= 0.7]
        if len(faces) == 1:
            (face,) = faces
            sure = np.ones(1, dtype=np.bool_)
            photos.append(Photo(f"keypoints/{number}", grey, face.box[None], face.landmarks[None], sure))
    return photos


def store(photos: Sequence[Photo], path: Path) -> None:
    """Write decoded photos as flat arrays of pixels and of labels, which loader processes can share."""
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
    """Read the files that `store` wrote; pixels are memory-mapped."""
    pixels = np.load(path.with_suffix(".pixels.npy"), mmap_mode="r")
    with np.load(path.with_suffix(".labels.npz")) as stored:
        labels = {key: stored[key] for key in stored.files}
    return list(_unpack(pixels, labels))


def _unpack(pixels: Pixels, labels: dict[str, NDArray[Any]]) -> Iterator[Photo]:
    pixel = np.cumsum([0, *(height * width for height, width in labels["shape"])])
    face = np.cumsum([0, *labels["faces"]])
    for number, (name, shape) in enumerate(zip(labels["name"], labels["shape"], strict=True)):
        faces = slice(face[number], face[number + 1])
        yield Photo(
            name=str(name),
            grey=pixels[pixel[number] : pixel[number + 1]].reshape(shape),
            boxes=labels["boxes"][faces],
            landmarks=labels["landmarks"][faces],
            sure=labels["sure"][faces],
        )


def _photo(line: dict[str, Any], grey: Pixels) -> Photo:
    faces = [
        face
        for face in line["faces"]
        if face["sure"] or max(face["yunet"], face["scrfd"]) >= MIN_UNSURE_SCORE
    ]
    landmarks = [face["landmarks"] or [0.0] * 10 for face in faces]
    return Photo(
        name=f"{line['source']}/{line['path']}",
        grey=grey,
        boxes=corners([face["box"] for face in faces]),
        landmarks=np.array(landmarks, dtype=np.float32).reshape(-1, 5, 2),
        sure=np.array([face["sure"] for face in faces], dtype=np.bool_),
    )


def corners(boxes: Sequence[Sequence[float]]) -> Floats:
    """Convert boxes of left, top, width, height to (n, 4) left, top, right, bottom."""
    converted = np.array(boxes, dtype=np.float32).reshape(-1, 4)
    converted[:, 2:] += converted[:, :2]
    return converted


def read_member(tar: tarfile.TarFile, name: str) -> bytes:
    """Read a file of an archive. Raises ValueError for a name that is not that of a file."""
    file = tar.extractfile(name)
    if file is None:
        raise ValueError(f"{tar.name!r}: {name} is not a file")
    with file:
        return file.read()


def decode(encoded: bytes, flags: int = cv2.IMREAD_GRAYSCALE) -> Pixels:
    """Decode a picture, grey by default. Raises ValueError."""
    picture = cv2.imdecode(np.frombuffer(encoded, dtype=np.uint8), flags)
    if picture is None:
        raise ValueError(f"OpenCV cannot decode a picture of {len(encoded)} bytes")
    return np.asarray(picture, dtype=np.uint8)
