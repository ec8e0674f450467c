"""Compare the crops that the engine cuts with those that the emotion network learned from.

Prints the positions of eyes and mouth that the keypoint network finds in crops of pictures, videos and
FER2013, and the emotion network's predictions for pictures whose names are expressions.
"""

from collections.abc import Iterable

import cv2
import numpy as np

from engine.card import read_card
from engine.labels import KEYPOINTS, LABELS, LANDMARKS
from engine.records import Floats
from engine.runtimes.onnx import OnnxRuntime
from engine.stages.crop import align, crop_face, crop_transform
from engine.stages.detect import Detector
from engine.tensors import softmax
from training.arrays import Pixels
from training.command import evaluation_parser, run_script
from training.data.faces import read_expressions
from training.data.landmarks import align_faces
from training.detector.evaluation_sets import pictures_and_frames
from training.emotion.batches import cut_aligned
from training.inference import run_onnx
from training.paths import YUNET

LEFT_EYE, RIGHT_EYE = KEYPOINTS.index("left_eye_center"), KEYPOINTS.index("right_eye_center")
MOUTH_CORNERS = [KEYPOINTS.index(name) for name in ("mouth_left_corner", "mouth_right_corner")]

# Pictures of one expression each, by file name.
NAMES = ("angry", "disgusted", "sad", "happy", "surprised", "fearful", "neutral")
EXPRESSIONS = {f"faceapi_{name}.jpg": label for name, label in zip(NAMES, LABELS, strict=False)}


def served_crops(pictures: Iterable[Pixels], detector: Detector) -> Pixels:
    """Return (n, 96, 96) crops of all detected faces, cut as the engine cuts them."""
    crops = []
    for picture in pictures:
        grey = np.asarray(cv2.cvtColor(picture, cv2.COLOR_BGR2GRAY), dtype=np.uint8)
        size = np.array(grey.shape[::-1], dtype=np.float32)
        for face in detector.detect([grey])[0]:
            landmarks = np.asarray(face.landmarks * size - 0.5, dtype=np.float32)
            crops.append(crop_face(grey, crop_transform(align(landmarks))))
    return np.array(crops, dtype=np.uint8).reshape(-1, 96, 96)


def framing(points: Floats) -> dict[str, tuple[float, float]]:
    """Return mean and standard deviation (pixels of the crop) of eyes and mouth in (n, 15, 2) keypoints."""
    eyes = (points[:, LEFT_EYE] + points[:, RIGHT_EYE]) / 2
    values = {
        "eyes x": eyes[:, 0],
        "eyes y": eyes[:, 1],
        "eye distance": np.linalg.norm(points[:, LEFT_EYE] - points[:, RIGHT_EYE], axis=1),
        "mouth y": points[:, MOUTH_CORNERS, 1].mean(axis=1),
    }
    return {name: (float(one.mean()), float(one.std())) for name, one in values.items()}


def main() -> None:
    options = evaluation_parser("serving", __doc__).parse_args()
    card = read_card("detector", LANDMARKS, options.models)
    detector = Detector(OnnxRuntime(card.file), card.threshold)
    keypoints = OnnxRuntime(read_card("keypoints", KEYPOINTS, options.models).file)
    emotion = OnnxRuntime(read_card("emotion", LABELS, options.models).file)

    faces = read_expressions(options.shared / "data")
    alignments = align_faces(faces.pixels, options.shared / YUNET)
    pictures = [(name, picture) for name, picture, _ in pictures_and_frames(options.shared)]
    crops_of = {
        "FER2013, validation": cut_aligned(faces, alignments, faces.validation),
        "pictures, as served": served_crops((image for name, image in pictures if ":" not in name), detector),
        "videos, as served": served_crops((image for name, image in pictures if ":" in name), detector),
    }
    for title, crops in crops_of.items():
        statistics = ", ".join(
            f"{name} {mean:.1f} +- {deviation:.1f}"
            for name, (mean, deviation) in framing(run_onnx(keypoints, crops)).items()
        )
        print(f"{title}, {len(crops)} crops at 96x96: {statistics} px")
    for name, picture in pictures:
        if name in EXPRESSIONS:
            for probabilities in softmax(run_onnx(emotion, served_crops([picture], detector))):
                best = int(probabilities.argmax())
                print(f"{name}: {EXPRESSIONS[name]}; predicted {LABELS[best]}, {probabilities[best]:.2f}")


if __name__ == "__main__":
    run_script(main)
