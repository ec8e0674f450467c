"""Landmarks and alignments of FER2013's small pictures, found once by YuNet and cached."""

import hashlib
from pathlib import Path

import cv2
import numpy as np
from tqdm import tqdm

from engine.records import Floats
from engine.stages.crop import Alignment, align
from training.arrays import Pixels
from training.data.yunet import YuNet
from training.paths import CACHE

# YuNet finds 98 % of the faces of FER2013 with this enlargement and border, 90 % with half of it
# (300 pictures, score 0.5).
ENLARGEMENT = 4  # times
BORDER = 32  # pixels of repeated edge on each side
MIN_SCORE = 0.5
# The eyes of FER2013's faces are 17.3 +- 3.6 pixels apart. Smaller detections were strips of an ear or a
# shirt in all ten cases that were checked.
MIN_EYE_DISTANCE = 7.0  # pixels


def align_faces(pixels: Pixels, yunet: Path, cache: Path = CACHE) -> list[Alignment]:
    """Return the alignment of each of (n, 48, 48) pictures; the mean face's where no face was found.

    Takes two minutes for FER2013; the landmarks are cached by the pictures and YuNet's file.
    """
    key = hashlib.sha256(pixels.tobytes() + yunet.read_bytes()).hexdigest()[:16]
    file = cache / f"landmarks-{key}.npy"
    if not file.exists():
        cache.mkdir(parents=True, exist_ok=True)
        detector = YuNet(yunet, MIN_SCORE)
        np.save(file, [_find(detector, picture) for picture in tqdm(pixels, "landmarks", unit="face")])
    return [align(points) for points in fill_missing(np.asarray(np.load(file), dtype=np.float32))]


def fill_missing(landmarks: Floats) -> Floats:
    """Replace (n, 5, 2) landmarks that are NaN or those of a far too small face by the mean of the others."""
    eye_distance = np.linalg.norm(landmarks[:, 1] - landmarks[:, 0], axis=1)
    landmarks = np.where((eye_distance < MIN_EYE_DISTANCE)[:, None, None], np.nan, landmarks)
    missing = np.isnan(landmarks[:, 0, 0])
    return np.where(missing[:, None, None], np.nanmean(landmarks, axis=0), landmarks).astype(np.float32)


def _find(yunet: YuNet, picture: Pixels) -> Floats:
    """Return (5, 2) landmarks in pixels of the picture; NaN if no face was found."""
    large = cv2.resize(picture, None, fx=ENLARGEMENT, fy=ENLARGEMENT, interpolation=cv2.INTER_CUBIC)
    framed = cv2.copyMakeBorder(large, BORDER, BORDER, BORDER, BORDER, cv2.BORDER_REPLICATE)
    faces = yunet.detect(np.asarray(framed, dtype=np.uint8))
    if not faces:
        return np.full((5, 2), np.nan, dtype=np.float32)
    # Pixel centres: x of the enlarged picture is (x + 0.5) / ENLARGEMENT - 0.5.
    return np.asarray((faces[0].landmarks - BORDER + 0.5) / ENLARGEMENT - 0.5, dtype=np.float32)
