"""YuNet as a teacher and as the measure to compare with; it is never shipped with the engine."""

import engine.runtimes.onnx  # noqa: F401  # isort: skip  # before onnxruntime, which it keeps silent
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np
import onnxruntime
from numpy.typing import NDArray

from engine.tensors import STRIDES, grid

Floats = NDArray[np.float32]

NMS_OVERLAP = 0.45  # IoU; as in YuNet's own demo


@dataclass(frozen=True, slots=True, eq=False)
class Found:
    """A face in pixels of the picture."""

    box: Floats  # (4,) left, top, right, bottom
    landmarks: Floats  # (5, 2) in the order of labels.LANDMARKS
    score: float  # 0..1


@dataclass(frozen=True, slots=True, eq=False)
class Dense:
    """What the teacher says at every cell, in pixels; cells in the order of engine.stages.detect.grid."""

    scores: Floats  # (cells,) 0..1
    boxes: Floats  # (cells, 4) left, top, right, bottom
    landmarks: Floats  # (cells, 5, 2)


class Teacher:
    """YuNet 2023mar (MIT) in ONNX Runtime, with its own decoding."""

    def __init__(self, file: Path, threshold: float = 0.3) -> None:
        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = 1
        self._session = onnxruntime.InferenceSession(str(file), options, providers=["CPUExecutionProvider"])
        self._outputs = [output.name for output in self._session.get_outputs()]
        self._threshold = threshold

    def find(self, picture: NDArray[np.uint8], long_side: int = 640) -> list[Found]:
        """The faces of a (height, width) grey or (height, width, 3) BGR picture, the surest first.

        It is shrunk to `long_side` first, never enlarged.
        """
        scale = min(1.0, long_side / max(picture.shape))
        if scale < 1.0:
            smaller = cv2.resize(picture, None, fx=scale, fy=scale, interpolation=cv2.INTER_AREA)
            picture = np.asarray(smaller, dtype=np.uint8)
        said = self.dense(picture)
        sure = np.flatnonzero(said.scores >= self._threshold)
        boxes, landmarks = said.boxes[sure] / scale, said.landmarks[sure] / scale
        scores = said.scores[sure].tolist()
        return _best([Found(*face) for face in zip(boxes, landmarks, scores, strict=True)])

    def dense(self, picture: NDArray[np.uint8]) -> Dense:
        """What it says at every cell of a grey or BGR picture of this very size."""
        height, width = picture.shape[:2]
        padded = np.zeros((-(-height // 32) * 32, -(-width // 32) * 32, 3), dtype=np.float32)
        padded[:height, :width] = picture if picture.ndim == 3 else picture[..., None]
        results = self._session.run(self._outputs, {"input": padded.transpose(2, 0, 1)[None]})
        outputs = dict(zip(self._outputs, results, strict=True))

        def levels(name: str) -> Floats:
            return np.concatenate([outputs[f"{name}_{stride}"][0] for stride in STRIDES])

        cells = grid(*padded.shape[:2])
        stride = cells[:, 2:]
        corner = cells[:, :2] - stride / 2
        box = levels("bbox")
        centre, half = corner + box[:, :2] * stride, np.exp(box[:, 2:]) * stride / 2
        return Dense(
            scores=np.sqrt(levels("cls")[:, 0] * levels("obj")[:, 0]),
            boxes=np.concatenate([centre - half, centre + half], axis=1),
            landmarks=corner[:, None] + levels("kps").reshape(-1, 5, 2) * stride[:, None],
        )


def _best(found: list[Found]) -> list[Found]:
    if not found:
        return []
    corners = np.array([face.box for face in found], dtype=np.float32)
    sizes = np.concatenate([corners[:, :2], corners[:, 2:] - corners[:, :2]], axis=1)
    kept = cv2.dnn.NMSBoxes(sizes.tolist(), [face.score for face in found], 0.0, NMS_OVERLAP)
    return [found[int(number)] for number in np.ravel(kept)]
