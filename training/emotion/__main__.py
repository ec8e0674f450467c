"""Train the emotion network; resume the run from its last checkpoint."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import torch

from engine.card import MODELS
from training.command import run_script, training_parser
from training.data.faces import read_expressions
from training.data.landmarks import align_faces
from training.emotion.batches import EmotionSettings, cut_aligned
from training.emotion.metrics import emotion_metrics, fit_temperature
from training.emotion.release import release, write_report
from training.emotion.train import train, validation_metrics
from training.inference import predict
from training.paths import CHECKPOINTS, REPORT, SHARED, YUNET
from training.state import format_metrics, read_settings


def main(arguments: Sequence[str] | None = None) -> None:
    parser = training_parser("emotion", __doc__)
    parser.add_argument("--teacher", type=Path, default=SHARED / YUNET, help="YuNet, which finds the eyes")
    parser.add_argument("--until", type=int, help="stop after this epoch; 0 exports the last checkpoint")
    # Their defaults follow the name of the settings file.
    parser.set_defaults(checkpoint=None, models=None)
    options = parser.parse_args(arguments)
    run = options.run.stem

    torch.set_num_threads(1)  # at this size a second thread gains little
    settings = read_settings(options.run, EmotionSettings)
    faces = read_expressions(options.data, settings.split)
    alignments = align_faces(faces.pixels, options.teacher)
    checkpoint = options.checkpoint or CHECKPOINTS / f"{run}.pt"
    state = train(settings, faces, alignments, checkpoint, until=options.until, start=options.start)

    crops, labels = cut_aligned(faces, alignments, faces.validation), faces.labels[faces.validation]
    logits = predict(state.average, crops)
    temperature = fit_temperature(logits, labels)
    if settings.split == "clean":
        fields: dict[str, Any] = {
            "temperature": temperature,
            "metrics": {"validation": emotion_metrics(logits, labels, temperature)},
            "epochs_done": state.epoch,
        }
        folder = options.models or (MODELS if run == "emotion" else REPORT / run)
        weights = release(state.average, crops, settings, fields, folder)
        print(f"{weights}: on the validation photos {format_metrics(validation_metrics(logits, labels))}")
    else:
        logits = predict(state.average, cut_aligned(faces, alignments, faces.test))
        metrics = emotion_metrics(logits, faces.labels[faces.test], temperature)
        print(write_report(metrics, settings, state.epoch, options.run.with_suffix(".json")))


if __name__ == "__main__":
    run_script(main)
