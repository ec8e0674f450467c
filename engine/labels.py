"""The classes and points that the networks know, in the order of their outputs."""

from typing import Literal

Label = Literal["angry", "disgust", "sad", "happy", "surprise", "fear", "neutral"]

LABELS: tuple[Label, ...] = ("angry", "disgust", "sad", "happy", "surprise", "fear", "neutral")
FIVE: tuple[Label, ...] = LABELS[:5]  # the seed project's own classes and order

# Kaggle's order (facial-keypoints-detection); left and right are the subject's.
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

# The detector's five, in YuNet's order; right and left are the subject's.
LANDMARKS: tuple[str, ...] = ("right_eye", "left_eye", "nose", "right_mouth_corner", "left_mouth_corner")
