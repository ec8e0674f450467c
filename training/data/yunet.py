"""YuNet, a face detector that labels data and is our detector's teacher and baseline; it is not shipped."""

import engine.runtimes.onnx  # noqa: F401  # isort: skip  # turns telemetry off before onnxruntime is imported
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np
import onnxruntime

from engine.records import Floats
from engine.tensors import STRIDES, grid
from training.arrays import Pixels

NMS_IOU = 0.45  # as in YuNet's own demo


@dataclass(frozen=True, slots=True, eq=False)
class YuNetFace:
    """A face in pixels of the picture."""

    box: Floats  # (4,) left, top, right, bottom
    landmarks: Floats  # (5, 2) in the order of labels.LANDMARKS
    score: float  # 0..1


@dataclass(frozen=True, slots=True, eq=False)
class DensePredictions:
    """Predictions at every cell, in pixels; cells in the order of engine.tensors.grid."""

    scores: Floats  # (cells,) 0..1
    boxes: Floats  # (cells, 4) left, top, right, bottom
    landmarks: Floats  # (cells, 5, 2)


class YuNet:
    """YuNet 2023mar (MIT) in ONNX Runtime, with its own decoding."""

    def __init__(self, file: Path, threshold: float = 0.3) -> None:
        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = 1
        self._session = onnxruntime.InferenceSession(str(file), options, providers=["CPUExecutionProvider"])
        self._outputs = [output.name for output in self._session.get_outputs()]
        self._threshold = threshold

    def detect(self, picture: Pixels, long_side: int = 640) -> list[YuNetFace]:
        """Return the faces of a (height, width) grey or (height, width, 3) BGR picture, highest score first.

        A picture larger than `long_side` is shrunk to it first; a smaller one is not enlarged.
        """
        scale = min(1.0, long_side / max(picture.shape))
        if scale < 1.0:
            smaller = cv2.resize(picture, None, fx=scale, fy=scale, interpolation=cv2.INTER_AREA)
            picture = np.asarray(smaller, dtype=np.uint8)
        cells = self.predict(picture)
        chosen = np.flatnonzero(cells.scores >= self._threshold)
        boxes, landmarks = cells.boxes[chosen] / scale, cells.landmarks[chosen] / scale
        scores = cells.scores[chosen].tolist()
        left_top_size = np.concatenate([boxes[:, :2], boxes[:, 2:] - boxes[:, :2]], axis=1)
        kept = cv2.dnn.NMSBoxes(left_top_size.tolist(), scores, 0.0, NMS_IOU)
        return [YuNetFace(boxes[number], landmarks[number], scores[number]) for number in kept]

    def predict(self, picture: Pixels) -> DensePredictions:
        """Return the predictions at every cell of a grey or BGR picture, which is not resized."""
        height, width = picture.shape[:2]
        padded = np.zeros((-(-height // 32) * 32, -(-width // 32) * 32, 3), dtype=np.float32)
        padded[:height, :width] = picture if picture.ndim == 3 else picture[..., None]
        results = self._session.run(self._outputs, {"input": padded.transpose(2, 0, 1)[None]})
        outputs = dict(zip(self._outputs, results, strict=True))

        def all_levels(name: str) -> Floats:
            return np.concatenate([outputs[f"{name}_{stride}"][0] for stride in STRIDES])

        cells = grid(*padded.shape[:2])
        stride = cells[:, 2:]
        corner = cells[:, :2] - stride / 2
        box = all_levels("bbox")
        centre, half = corner + box[:, :2] * stride, np.exp(box[:, 2:]) * stride / 2
        return DensePredictions(
            scores=np.sqrt(all_levels("cls")[:, 0] * all_levels("obj")[:, 0]),
            boxes=np.concatenate([centre - half, centre + half], axis=1),
            landmarks=corner[:, None] + all_levels("kps").reshape(-1, 5, 2) * stride[:, None],
        )
