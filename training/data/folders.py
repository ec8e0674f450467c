"""Reader of a folder of pictures per class, for people with their own data."""

from pathlib import Path

import cv2
import numpy as np
from tqdm import tqdm

from engine.labels import LABELS
from training.arrays import Pixels
from training.data.faces import TILE
from training.data.kaggle import DataFormatError, LabelledFaces

PICTURES = {".bmp", ".jpeg", ".jpg", ".png", ".webp"}


def read_folder(folder: Path) -> LabelledFaces:
    """Read `folder/<class>/<any depth>/<picture>`, each cropped to one face as FER2013's are.

    Pictures are cropped to their central square and shrunk to 48x48. All of them are in the training set.
    Raises DataFormatError.
    """
    names: tuple[str, ...] = LABELS
    classes = sorted(entry.name for entry in folder.iterdir() if entry.is_dir())
    unknown = [name for name in classes if name not in names]
    if unknown or not classes:
        found = ", ".join(unknown) or "none"
        raise DataFormatError(f"{folder}: its folders must be named {', '.join(names)}; found {found}")
    files = [file for name in classes for file in _pictures(folder / name)]
    if not files:
        raise DataFormatError(f"{folder} has no pictures in {', '.join(classes)}")
    pixels = [_read_square(file) for file in tqdm(files, "pictures", leave=False)]
    labels = [names.index(file.relative_to(folder).parts[0]) for file in files]
    return LabelledFaces(np.stack(pixels), np.array(labels), np.zeros(len(files), dtype=np.int64))


def _pictures(folder: Path) -> list[Path]:
    return sorted(file for file in folder.rglob("*") if file.suffix.lower() in PICTURES)


def _read_square(file: Path) -> Pixels:
    grey = cv2.imdecode(np.frombuffer(file.read_bytes(), dtype=np.uint8), cv2.IMREAD_GRAYSCALE)
    if grey is None:
        raise DataFormatError(f"{file}: OpenCV cannot decode this picture; remove it or convert it")
    height, width = grey.shape
    side = min(height, width)
    top, left = (height - side) // 2, (width - side) // 2
    square = grey[top : top + side, left : left + side]
    return np.asarray(cv2.resize(square, (TILE, TILE), interpolation=cv2.INTER_AREA), dtype=np.uint8)
