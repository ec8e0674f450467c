"""The cache of decoded photos."""

from pathlib import Path

import numpy as np

from tests.training.detector.photos import empty_photo, face_photo
from training.detector.photos import load, store


def test_photos_survive_the_cache(tmp_path: Path) -> None:
    photos = [face_photo(), empty_photo()]
    store(photos, tmp_path / "photos")
    for loaded, original in zip(load(tmp_path / "photos"), photos, strict=True):
        assert loaded.name == original.name
        for name in ("grey", "boxes", "landmarks", "sure"):
            np.testing.assert_array_equal(getattr(loaded, name), getattr(original, name))
