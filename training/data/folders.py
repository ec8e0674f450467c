"""Reads a folder of pictures per class, for people with data of their own."""

from pathlib import Path

import cv2
import numpy as np
from tqdm import tqdm

from training.data.faces import TILE, Pixels
from training.data.kaggle import EMOTIONS, Labelled, UnexpectedFileError

PICTURES = {".bmp", ".jpeg", ".jpg", ".png", ".webp"}


def read_folder(folder: Path) -> Labelled:
    """`folder/<class>/<any depth>/<picture>`, each cropped to one face as FER2013's are.

    A picture that is not square loses what is beyond its middle square. All is for training yet.
    """
    classes = sorted(entry.name for entry in folder.iterdir() if entry.is_dir())
    unknown = [name for name in classes if name not in EMOTIONS]
    if unknown or not classes:
        raise UnexpectedFileError(
            f"{folder}: expected folders named {', '.join(EMOTIONS)}, actual {', '.join(unknown) or 'none'}"
        )
    files = [file for name in classes for file in _pictures(folder / name)]
    if not files:
        raise UnexpectedFileError(f"{folder}: expected pictures in {', '.join(classes)}, actual none")
    pixels = [_small(file) for file in tqdm(files, "pictures", leave=False)]
    label = [EMOTIONS.index(file.relative_to(folder).parts[0]) for file in files]
    return Labelled(np.stack(pixels), np.array(label), np.zeros(len(files), dtype=np.int64))


def _pictures(folder: Path) -> list[Path]:
    return sorted(file for file in folder.rglob("*") if file.suffix.lower() in PICTURES)


def _small(file: Path) -> Pixels:
    grey = cv2.imdecode(np.frombuffer(file.read_bytes(), dtype=np.uint8), cv2.IMREAD_GRAYSCALE)
    if grey is None:
        raise UnexpectedFileError(f"{file}: expected a picture, actual something that OpenCV cannot decode")
    height, width = grey.shape
    side = min(height, width)
    top, left = (height - side) // 2, (width - side) // 2
    square = grey[top : top + side, left : left + side]
    return np.asarray(cv2.resize(square, (TILE, TILE), interpolation=cv2.INTER_AREA), dtype=np.uint8)
