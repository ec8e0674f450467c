"""Expressions, keypoints and landmarks, in the order of the networks' outputs."""

from typing import Literal, get_args

Label = Literal["angry", "disgust", "sad", "happy", "surprise", "fear", "neutral"]

LABELS: tuple[Label, ...] = get_args(Label)
FIVE: tuple[Label, ...] = LABELS[:5]  # evaluated apart, for comparison with others' five classes

# Kaggle's order (facial-keypoints-detection); left and right are those of the face.
KEYPOINTS: tuple[str, ...] = (
    "left_eye_center",
    "right_eye_center",
    "left_eye_inner_corner",
    "left_eye_outer_corner",
    "right_eye_inner_corner",
    "right_eye_outer_corner",
    "left_eyebrow_inner_end",
    "left_eyebrow_outer_end",
    "right_eyebrow_inner_end",
    "right_eyebrow_outer_end",
    "nose_tip",
    "mouth_left_corner",
    "mouth_right_corner",
    "mouth_center_top_lip",
    "mouth_center_bottom_lip",
)

# Five points of the detector, in YuNet's order; left and right are those of the face.
LANDMARKS: tuple[str, ...] = ("right_eye", "left_eye", "nose", "right_mouth_corner", "left_mouth_corner")
