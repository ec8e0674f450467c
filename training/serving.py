"""Compares the crops that the engine cuts with those that the emotion network learnt from.

Run as `python -m training.serving`: where the keypoint network sees eyes and mouth in crops of pictures, of
videos and of FER2013, and what the emotion network says of the pictures whose names tell an expression.
"""

import argparse
from collections.abc import Iterable
from pathlib import Path

import cv2
import numpy as np

from engine.card import MODELS, read_card
from engine.labels import KEYPOINTS, LABELS, LANDMARKS, Label
from engine.records import Floats
from engine.runtimes.onnx import OnnxRuntime
from engine.stages.crop import align, cut, transform
from engine.stages.detect import Detector
from engine.tensors import softmax
from training.command import run_script
from training.data.faces import Pixels, read_expressions
from training.data.landmarks import landmarks_of, with_mean
from training.detector.evaluation_sets import Picture, scenes
from training.emotion.batches import cut_all
from training.inference import run
from training.paths import SHARED, YUNET

LEFT_EYE, RIGHT_EYE = KEYPOINTS.index("left_eye_center"), KEYPOINTS.index("right_eye_center")
CORNERS = [KEYPOINTS.index(name) for name in ("mouth_left_corner", "mouth_right_corner")]

# Seven pictures of one expression each, by the name of the file.
NAMED: dict[str, Label] = {
    "faceapi_angry.jpg": "angry",
    "faceapi_disgusted.jpg": "disgust",
    "faceapi_fearful.jpg": "fear",
    "faceapi_happy.jpg": "happy",
    "faceapi_neutral.jpg": "neutral",
    "faceapi_sad.jpg": "sad",
    "faceapi_surprised.jpg": "surprise",
}


def served_crops(pictures: Iterable[Picture], detector: Detector) -> Pixels:
    """(n, 96, 96) crops of all faces that the detector finds, cut as the engine cuts them."""
    crops = []
    for picture in pictures:
        grey = np.asarray(cv2.cvtColor(picture, cv2.COLOR_BGR2GRAY), dtype=np.uint8)
        size = np.array(grey.shape[::-1], dtype=np.float32)
        for face in detector.detect([grey])[0]:
            landmarks = np.asarray(face.landmarks * size - 0.5, dtype=np.float32)
            crops.append(cut(grey, transform(align(landmarks))))
    return np.array(crops, dtype=np.uint8).reshape(-1, 96, 96)


def framing(points: Floats) -> dict[str, tuple[float, float]]:
    """Mean and deviation (pixels of the crop) of eyes and mouth in (n, 15, 2) keypoints."""
    eyes = (points[:, LEFT_EYE] + points[:, RIGHT_EYE]) / 2
    measured = {
        "eyes x": eyes[:, 0],
        "eyes y": eyes[:, 1],
        "eyes apart": np.linalg.norm(points[:, LEFT_EYE] - points[:, RIGHT_EYE], axis=1),
        "mouth y": points[:, CORNERS, 1].mean(axis=1),
    }
    return {name: (float(values.mean()), float(values.std())) for name, values in measured.items()}


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m training.serving", description=__doc__)
    parser.add_argument("--models", type=Path, default=MODELS)
    parser.add_argument("--shared", type=Path, default=SHARED, help="data, models, pictures, videos")
    asked = parser.parse_args()
    card = read_card("detector", LANDMARKS, asked.models)
    detector = Detector(OnnxRuntime(card.file), card.threshold)
    keypoints = OnnxRuntime(read_card("keypoints", KEYPOINTS, asked.models).file)
    emotion = OnnxRuntime(read_card("emotion", LABELS, asked.models).file)

    faces = read_expressions(asked.shared / "data")
    alignments = [align(points) for points in with_mean(landmarks_of(faces.pixels, asked.shared / YUNET))]
    found = list(scenes(asked.shared))
    cut_from = {
        "FER2013, validation": cut_all(faces, alignments, faces.validation),
        "pictures, as served": served_crops((p for name, p, _ in found if ":" not in name), detector),
        "videos, as served": served_crops((p for name, p, _ in found if ":" in name), detector),
    }
    for title, crops in cut_from.items():
        places = framing(run(keypoints, crops))
        said = ", ".join(
            f"{name} {mean:.1f} +- {deviation:.1f}" for name, (mean, deviation) in places.items()
        )
        print(f"{title}, {len(crops)} crops at 96x96: {said} px")
    for name, picture, _ in found:
        if name in NAMED:
            for distribution in softmax(run(emotion, served_crops([picture], detector))):
                best = int(distribution.argmax())
                print(f"{name}: {NAMED[name]}; read as {LABELS[best]}, {distribution[best]:.2f}")


if __name__ == "__main__":
    run_script(main)
