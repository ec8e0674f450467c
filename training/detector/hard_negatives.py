"""Hard negatives: what a detector takes for faces where none is labelled."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import torch

from engine.records import Floats
from engine.runtimes.runtime import Pixels, Tensors
from engine.stages.detect import Detector
from engine.tensors import iou
from training.detector.evaluate import finder
from training.detector.network import DetectorNetwork, Exported
from training.detector.photos import Photo

DOUBTED = 0.3  # score from which an invention is worth learning from
BESIDE = 0.3  # IoU with a labelled box from which a find is no invention


@dataclass(frozen=True, slots=True, eq=False)
class Invention:
    """A place in a photo that looks like a face and is none."""

    photo: Photo
    box: Floats  # (4,) left, top, right, bottom in pixels


class _Torch:
    """A network as the engine's detector asks for it, without an export."""

    def __init__(self, network: DetectorNetwork) -> None:
        self._network = Exported(network).cpu().eval()

    def run(self, inputs: Mapping[str, Pixels]) -> Tensors:
        with torch.inference_mode():
            said = self._network(torch.from_numpy(inputs["frames"].astype(np.float32, copy=False)))
        return {name: part.numpy() for name, part in zip(("score", "box", "landmark"), said, strict=True)}


def mine(network: DetectorNetwork, photos: Sequence[Photo]) -> list[Invention]:
    """What `network` invents in these photos, outside of all their boxes, the unsure ones too."""
    find = finder(Detector(_Torch(network), DOUBTED))
    return [
        Invention(photo, box)
        for photo in photos
        for box in find(photo.grey).boxes
        if not (iou(box, photo.boxes) >= BESIDE).any()
    ]
