"""Convert Kaggle's files, or folders of pictures, to the arrays that training reads.

Example: `python -m training.prepare --fer2013 fer2013.csv --keypoints training.csv --data folder`; then train
with `python -m training.emotion --data folder` and `python -m training.keypoints --data folder`.
"""

import argparse
import sys
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import cv2
import numpy as np

from engine.labels import LABELS
from training.arrays import Integers, Pixels
from training.data.duplicates import near_groups, split_by_group
from training.data.faces import MARGIN, PORTRAITS, SHEET_COLUMNS, TILE
from training.data.folders import read_folder
from training.data.kaggle import DataFormatError, KeypointFaces, LabelledFaces, read_fer2013, read_keypoints

TILES_PER_SHEET = 100 * SHEET_COLUMNS
JPEG_QUALITY = 95  # of the portraits


def store_expressions(faces: LabelledFaces, group: Integers, data: Path) -> None:
    """Write `fer2013.npz`, without FER+ votes, and `fer2013_duplicate_groups.npz`."""
    data.mkdir(parents=True, exist_ok=True)
    starts = range(0, len(faces.pixels), TILES_PER_SHEET)
    sheets: dict[str, Any] = {
        f"png_{number:03}": _encode(".png", _sheet(faces.pixels[start : start + TILES_PER_SHEET]))
        for number, start in enumerate(starts)
    }
    np.savez(
        data / "fer2013.npz",
        **sheets,
        tile=np.arange(len(faces.pixels)),
        label=faces.labels,
        label_names=np.array(LABELS),
        usage=faces.usage.astype(np.uint8),
    )
    np.savez(data / "fer2013_duplicate_groups.npz", near_group=group.astype(np.int32))


def store_portraits(faces: KeypointFaces, group: Integers, data: Path) -> None:
    """Write the portraits, split by group, with a rim that repeats their edge."""
    data.mkdir(parents=True, exist_ok=True)
    rim = (MARGIN, MARGIN, MARGIN, MARGIN)
    wide = [cv2.copyMakeBorder(picture, *rim, cv2.BORDER_REPLICATE) for picture in faces.pixels]
    encoded = [_encode(".jpg", np.asarray(picture, dtype=np.uint8)) for picture in wide]
    np.savez(
        data / PORTRAITS,
        jpeg=np.concatenate(encoded),
        offset=np.cumsum([0, *(len(one) for one in encoded)]),
        points=faces.points,
        margin=MARGIN,
        rightward=0.0,
        split=split_by_group(faces.pixels, group),
    )


def _sheet(pixels: Pixels) -> Pixels:
    """Tile the pictures in rows of SHEET_COLUMNS; fill the last row with black."""
    rows = -(-len(pixels) // SHEET_COLUMNS)
    tiles = np.zeros((rows * SHEET_COLUMNS, TILE, TILE), dtype=np.uint8)
    tiles[: len(pixels)] = pixels
    return tiles.reshape(rows, SHEET_COLUMNS, TILE, TILE).transpose(0, 2, 1, 3).reshape(rows * TILE, -1)


def _encode(suffix: str, grey: Pixels) -> Pixels:
    _, encoded = cv2.imencode(suffix, grey, [cv2.IMWRITE_JPEG_QUALITY, JPEG_QUALITY])
    return np.asarray(encoded, dtype=np.uint8).ravel()


def _prepare(options: argparse.Namespace) -> None:
    if options.fer2013 or options.folder:
        faces = read_fer2013(options.fer2013) if options.fer2013 else read_folder(options.folder)
        group = near_groups(faces.pixels)
        if options.folder:
            faces = replace(faces, usage=split_by_group(faces.pixels, group))
        store_expressions(faces, group, options.data)
        print(f"{options.data / 'fer2013.npz'}: {len(group)} pictures of {len(np.unique(group))} photos")
    if options.keypoints:
        portraits = read_keypoints(options.keypoints)
        store_portraits(portraits, near_groups(portraits.pixels), options.data)
        print(f"{options.data / PORTRAITS}: {len(portraits.pixels)} faces with all 15 points")


def main(arguments: Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser(prog="python -m training.prepare", description=__doc__)
    source = parser.add_mutually_exclusive_group()
    source.add_argument("--fer2013", type=Path, help="Kaggle's fer2013.csv or icml_face_data.csv")
    source.add_argument("--folder", type=Path, help="a folder with a folder of face pictures per class")
    parser.add_argument("--keypoints", type=Path, help="training.csv of Kaggle's facial-keypoints-detection")
    parser.add_argument("--data", type=Path, required=True, help="folder for the arrays")
    options = parser.parse_args(arguments)
    if not (options.fer2013 or options.folder or options.keypoints):
        parser.error("name a source: --fer2013, --folder or --keypoints")
    try:
        _prepare(options)
    except (DataFormatError, OSError) as error:
        print(error, file=sys.stderr)
        return 2
    return 0


if __name__ == "__main__":
    sys.exit(main())
