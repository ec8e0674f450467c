"""Turns files as users have them into the arrays that training reads.

Run as `python -m training.prepare --fer2013 fer2013.csv --keypoints training.csv --data folder`; then
`python -m training.emotion --data folder` and `python -m training.keypoints --data folder` learn from them.
"""

import argparse
import sys
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import cv2
import numpy as np

from training.data.duplicates import Groups, near_groups, split_by_group
from training.data.faces import MARGIN, PORTRAITS, SHEET_ROW, TILE, Pixels
from training.data.folders import read_folder
from training.data.kaggle import (
    EMOTIONS,
    Labelled,
    Pointed,
    UnexpectedFileError,
    read_fer2013,
    read_keypoints,
)

SHEET = 100 * SHEET_ROW  # pictures
QUALITY = 95  # of the portraits' JPEGs


def store_expressions(labelled: Labelled, group: Groups, data: Path) -> None:
    """Writes `fer2013.npz` and `fer2013_duplicate_groups.npz`; nobody voted, so the labels stand alone."""
    data.mkdir(parents=True, exist_ok=True)
    starts = range(0, len(labelled.pixels), SHEET)
    sheets: dict[str, Any] = {
        f"png_{number:03}": _encoded(".png", _sheet(labelled.pixels[start : start + SHEET]))
        for number, start in enumerate(starts)
    }
    np.savez(
        data / "fer2013.npz",
        **sheets,
        tile=np.arange(len(labelled.pixels)),
        label=labelled.label,
        label_names=np.array(EMOTIONS),
        usage=labelled.usage.astype(np.uint8),
    )
    np.savez(data / "fer2013_duplicate_groups.npz", near_group=group.astype(np.int32))


def store_portraits(pointed: Pointed, group: Groups, data: Path) -> None:
    """Writes the portraits, split by group, with a rim that repeats their edge."""
    data.mkdir(parents=True, exist_ok=True)
    rim = (MARGIN, MARGIN, MARGIN, MARGIN)
    wide = [cv2.copyMakeBorder(picture, *rim, cv2.BORDER_REPLICATE) for picture in pointed.pixels]
    encoded = [_encoded(".jpg", np.asarray(picture, dtype=np.uint8)) for picture in wide]
    np.savez(
        data / PORTRAITS,
        jpeg=np.concatenate(encoded),
        offset=np.cumsum([0, *(len(one) for one in encoded)]),
        points=pointed.points,
        margin=MARGIN,
        rightward=0.0,
        split=split_by_group(pointed.pixels, group),
    )


def _sheet(pixels: Pixels) -> Pixels:
    """The pictures side by side in rows of SHEET_ROW, the last row filled up with black."""
    rows = -(-len(pixels) // SHEET_ROW)
    tiles = np.zeros((rows * SHEET_ROW, TILE, TILE), dtype=np.uint8)
    tiles[: len(pixels)] = pixels
    return tiles.reshape(rows, SHEET_ROW, TILE, TILE).transpose(0, 2, 1, 3).reshape(rows * TILE, -1)


def _encoded(kind: str, grey: Pixels) -> Pixels:
    _, encoded = cv2.imencode(kind, grey, [cv2.IMWRITE_JPEG_QUALITY, QUALITY] if kind == ".jpg" else [])
    return np.asarray(encoded, dtype=np.uint8).ravel()


def _prepare(asked: argparse.Namespace) -> None:
    if asked.fer2013 or asked.folder:
        labelled = read_fer2013(asked.fer2013) if asked.fer2013 else read_folder(asked.folder)
        group = near_groups(labelled.pixels)
        if asked.folder:
            labelled = replace(labelled, usage=split_by_group(labelled.pixels, group))
        store_expressions(labelled, group, asked.data)
        photos = len(np.unique(group))
        print(f"{asked.data / 'fer2013.npz'}: {len(group)} pictures of {photos} photos")
    if asked.keypoints:
        pointed = read_keypoints(asked.keypoints)
        store_portraits(pointed, near_groups(pointed.pixels), asked.data)
        print(f"{asked.data / PORTRAITS}: {len(pointed.pixels)} faces with all 15 points")


def main(arguments: Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser(prog="python -m training.prepare", description=__doc__)
    faces = parser.add_mutually_exclusive_group()
    faces.add_argument("--fer2013", type=Path, help="Kaggle's fer2013.csv or icml_face_data.csv")
    faces.add_argument("--folder", type=Path, help="a folder of pictures of faces per class")
    parser.add_argument("--keypoints", type=Path, help="training.csv of Kaggle's facial-keypoints-detection")
    parser.add_argument("--data", type=Path, required=True, help="folder for the arrays")
    asked = parser.parse_args(arguments)
    if not (asked.fer2013 or asked.folder or asked.keypoints):
        parser.error("expected --fer2013, --folder or --keypoints, actual none of them")
    try:
        _prepare(asked)
    except (UnexpectedFileError, OSError) as error:
        print(error, file=sys.stderr)
        return 2
    return 0


if __name__ == "__main__":
    sys.exit(main())
