"""Exports the trained detector with its card: figures, data, terms, limits."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import torch

from engine.card import MODELS
from engine.labels import LANDMARKS
from engine.stages.track import UNSURE_BY
from training.detector.evaluate import LOW, Found, look, shipped
from training.detector.evaluation_sets import held_out_photos
from training.detector.matching import count, least_threshold, recall_by_size
from training.detector.network import DetectorNetwork, Exported
from training.detector.photos import Photo
from training.export import Signature, export

# The most faces that may be invented in the 470 held-out photos; a minute of video is about as many readings.
INVENTIONS = 1
SIGNATURE = Signature("frames", ("score", "box", "landmark"), {0: "frames", 2: "height", 3: "width"})

DATA = (
    "people_photos: 5,058 of 5,528 grey photos, labelled by YuNet 2023mar (MIT) with boxes that a second "
    "detector could only veto; 3,389 faces of the keypoint set's training people (YouTube Faces), boxed by "
    "YuNet. From these, scenes: moved, turned, tiled, pasted into photos without faces, spoiled. "
    "In them YuNet said at every cell what to learn. A quarter of the photos were shown for what an earlier "
    "run had taken for faces there; a quarter of those with faces had small ones, and kept their size."
)
SPLIT = (
    "one people_photos picture in twelve, by the SHA-256 of its path, held out; people_photos_test is apart"
)
TERMS = (
    "Among the photos are Labeled Faces in the Wild, Flickr8k, COCO, ImageNet samples and YouTube Faces: "
    "research use; others of free website templates and repositories whose pictures' terms are not stated."
)
LIMITS = (
    "It repeats YuNet's habits, since YuNet labelled its data and was its teacher: faces on statues, "
    "paintings and posters count, full profiles and backs of heads often do not. It is weak on small faces: "
    "how many were found of how many, by size in pixels, stands with the figures of held-out photos. Skin "
    "tones and ages were not measured; the portraits are mostly of adults with light skin."
)
NOT_FOR = "identifying people, counting crowds, deciding anything about a person"


def release(
    network: DetectorNetwork,
    settings: Mapping[str, Any],
    photos: Sequence[Photo],
    folder: Path = MODELS,
) -> Path:
    """Exports, measures what was exported on the held-out photos, and writes that into the card.

    The threshold is the least at which it invents no more than INVENTIONS faces in them.

    `settings` are the run's, as the card shows them; returns the weight file.
    """
    examples = [torch.rand(2, 1, 384, 640) * 255, torch.rand(1, 1, 320, 224) * 255]
    exported = Exported(network.cpu())
    export(exported, examples, SIGNATURE, fields(settings, {}), folder)
    found = look(shipped(folder, LOW), held_out_photos(photos))
    threshold = least_threshold(found.labels, found.guesses, INVENTIONS)
    metrics = {"validation": validation(found, photos, folder, threshold), "threshold": threshold}
    return export(exported, examples, SIGNATURE, fields(settings, metrics), folder)


def validation(found: Found, photos: Sequence[Photo], folder: Path, threshold: float) -> dict[str, Any]:
    """Average precision, and recall and inventions as served, on the held-out photos."""
    served = look(shipped(folder, threshold - UNSURE_BY), held_out_photos(photos))
    counted = count(served.labels, served.guesses, threshold)
    return {
        "ap": round(found.ap, 4),
        "recall": round(counted.recall, 4),
        "false_positives": counted.invented,
        "pictures": len(found.labels),
        "faces": counted.found + counted.missed,
        "by_size": recall_by_size(served.labels, served.guesses, threshold),
    }


def fields(settings: Mapping[str, Any], metrics: Mapping[str, Any]) -> dict[str, Any]:
    """What the card says beside what `export` adds."""
    return {
        "name": "detector",
        "outputs": list(LANDMARKS),
        "input_size": None,
        "temperature": 1.0,
        "metrics": dict(metrics),
        "data": DATA,
        "split": SPLIT,
        "settings": dict(settings),
        "limits": LIMITS,
        "terms": TERMS,
        "not_for": NOT_FOR,
    }
