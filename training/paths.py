"""Folders that the training reads from and writes to."""

from pathlib import Path

TRAINING = Path(__file__).parent
RUNS = TRAINING / "runs"  # settings of the runs
CHECKPOINTS = TRAINING / "checkpoints"
CACHE = TRAINING / "cache"  # decoded photos and landmarks
REPORT = TRAINING / "report"  # tables and plots of an evaluation
SHARED = TRAINING.parents[1] / "shared"  # data, models, pictures and videos, beside the checkout
DATA = SHARED / "data"
YUNET = "models/face_detection_yunet_2023mar_dynamic.onnx"  # below SHARED
