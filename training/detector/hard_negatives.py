"""Hard negative mining: false positives of an earlier network in the training photos."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import torch

from engine.records import Floats
from engine.runtimes.runtime import Pixels, Tensors
from engine.stages.detect import Detector
from engine.tensors import iou
from training.detector.evaluate import in_pixels
from training.detector.network import DetectorNetwork, ExportedDetector
from training.detector.photos import Photo

MIN_SCORE = 0.3  # of a false positive that is mined
MAX_IOU = 0.3  # of a false positive with any labelled box


@dataclass(frozen=True, slots=True, eq=False)
class HardNegative:
    """A box in a photo that looks like a face and is none."""

    photo: Photo
    box: Floats  # (4,) left, top, right, bottom in pixels


class _TorchRuntime:
    """A network as a runtime of the engine's detector, without an export."""

    def __init__(self, network: DetectorNetwork) -> None:
        self._network = ExportedDetector(network).cpu().eval()

    def run(self, inputs: Mapping[str, Pixels]) -> Tensors:
        with torch.inference_mode():
            outputs = self._network(torch.from_numpy(inputs["frames"].astype(np.float32, copy=False)))
        return {name: part.numpy() for name, part in zip(("score", "box", "landmark"), outputs, strict=True)}


def mine_hard_negatives(network: DetectorNetwork, photos: Sequence[Photo]) -> list[HardNegative]:
    """Return the detections of `network` in these photos that match no labelled box, unsure ones included."""
    detect = in_pixels(Detector(_TorchRuntime(network), MIN_SCORE))
    return [
        HardNegative(photo, box)
        for photo in photos
        for box in detect(photo.grey).boxes
        if not (iou(box, photo.boxes) >= MAX_IOU).any()
    ]
