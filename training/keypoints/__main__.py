"""Train the keypoint network; resume the run from its last checkpoint."""

from collections.abc import Sequence
from dataclasses import asdict
from typing import Any

import torch

from training.command import run_script, training_parser
from training.crops import CropSettings
from training.data.faces import read_portraits
from training.export import KEYPOINT, export
from training.inference import predict
from training.keypoints.batches import DETECTOR_JITTER, cut_jittered_faces
from training.keypoints.train import keypoint_metrics, train
from training.state import TrainingState, format_metrics, read_settings

LIMITS = (
    "A landmark detector set the points that it learned from, on pictures of YouTube videos, not by hand; "
    "they differ from Kaggle's convention by up to 2.7 px at the brows and 1 to 2 px elsewhere, and are "
    "about a pixel too far to the right, as the network's are. 277 people, mostly public figures facing the "
    "camera; skin tones and ages were not measured. In profiles and covered faces the points that "
    "cannot be seen are guesses."
)


def main(arguments: Sequence[str] | None = None) -> None:
    parser = training_parser("keypoints", __doc__)
    parser.add_argument("--until", type=int, help="stop after this epoch")
    options = parser.parse_args(arguments)

    torch.set_num_threads(1)  # at this size a second thread gains little
    settings = read_settings(options.run, CropSettings)
    portraits = read_portraits(options.data)
    state = train(settings, portraits, options.checkpoint, until=options.until, start=options.start)
    crops, points = cut_jittered_faces(portraits, portraits.validation, DETECTOR_JITTER)
    validation = keypoint_metrics(predict(state.average, crops), points) | {"n": len(crops)}
    examples = [torch.from_numpy(crops[:n]).float().unsqueeze(1) for n in (2, 16)]
    card = card_fields(state, {"validation": validation})
    weights = export(state.average.cpu(), examples, KEYPOINT, card, options.models)
    print(f"{weights}: on the validation people {format_metrics(validation)}")


def card_fields(state: TrainingState, metrics: dict[str, Any]) -> dict[str, Any]:
    """Return the fields of the card that `export` does not know."""
    return {
        "temperature": 1.0,
        "metrics": metrics,
        "epochs_done": state.epoch,
        "data": "keypoints_udacity.npz: 4,227 faces of 347 people from YouTube Faces",
        "split": "by person: 277 for training, 18 for validation, 52 for the test",
        "settings": asdict(state.settings),
        "limits": LIMITS,
        "terms": "YouTube Faces DB: research use. udacity/CVND_Exercises: MIT.",
        "not_for": "identifying people; measuring faces for health or for decisions about people",
    }


if __name__ == "__main__":
    run_script(main)
