"""Export of the trained detector with its card: figures, data, terms, limits."""

from collections.abc import Mapping
from dataclasses import asdict
from pathlib import Path
from typing import Any

import torch

from engine.labels import LANDMARKS
from engine.stages.track import LOW_SCORE_MARGIN
from training.detector.batches import DetectorSettings
from training.detector.evaluate import LOW_THRESHOLD, detect_all, shipped_detector
from training.detector.evaluation_sets import held_out_photos
from training.detector.matching import (
    DetectionResults,
    average_precision,
    count,
    lowest_threshold,
    recall_by_size,
)
from training.detector.network import DetectorNetwork, ExportedDetector
from training.detector.photos import Photo
from training.export import Signature, export

# In the 470 held-out photos, about as many frames as in a minute of video.
MAX_FALSE_POSITIVES = 1
SIGNATURE = Signature(
    "detector",
    LANDMARKS,
    None,
    "frames",
    ("score", "box", "landmark"),
    {0: "frames", 2: "height", 3: "width"},
)

CARD_TEXTS = {
    "data": "people_photos: 5,058 of 5,528 grey photos, labelled by YuNet 2023mar (MIT) with boxes that a "
    "second detector could only veto; 3,389 faces of the keypoint set's training people (YouTube Faces), "
    "boxed by YuNet. From these, scenes: moved, rotated, tiled, pasted into photos without faces, degraded. "
    "YuNet's predictions at every cell of them were targets. A quarter of the photos showed hard negatives "
    "of an earlier run; a quarter of those with faces had small ones, and kept their size.",
    "split": "one people_photos picture in twelve, by the SHA-256 of its path, held out; people_photos_test "
    "is apart",
    "limits": "It repeats YuNet's habits, since YuNet labelled its data and was its teacher: faces on "
    "statues, paintings and posters count, full profiles and backs of heads often do not. It is weak on "
    "small faces: `by_size` has the detected and the labelled faces of the held-out photos by size in "
    "pixels. Skin tones and ages were not measured; the portraits are mostly of adults with light skin.",
    "terms": "Among the photos are Labeled Faces in the Wild, Flickr8k, COCO, ImageNet samples and YouTube "
    "Faces: research use; others of free website templates and repositories whose pictures' terms are not "
    "stated.",
    "not_for": "identifying people, counting crowds, deciding anything about a person",
}


def release(network: DetectorNetwork, settings: DetectorSettings, photos: list[Photo], folder: Path) -> Path:
    """Export the network, evaluate the file on the held-out photos, and write the metrics into its card.

    The threshold is the lowest with no more than MAX_FALSE_POSITIVES in them. Returns the weight file.
    """
    examples = [torch.rand(2, 1, 384, 640) * 255, torch.rand(1, 1, 320, 224) * 255]
    exported = ExportedDetector(network.cpu())
    export(exported, examples, SIGNATURE, card_fields(settings, {}), folder)
    results = detect_all(shipped_detector(folder, LOW_THRESHOLD), held_out_photos(photos))
    threshold = lowest_threshold(results, MAX_FALSE_POSITIVES)
    served = detect_all(shipped_detector(folder, threshold - LOW_SCORE_MARGIN), held_out_photos(photos))
    metrics = {"validation": validation(results, served, threshold), "threshold": threshold}
    return export(exported, examples, SIGNATURE, card_fields(settings, metrics), folder)


def validation(results: DetectionResults, served: DetectionResults, threshold: float) -> dict[str, Any]:
    """Return average precision, and recall and false positives as served, on the held-out photos."""
    counts = count(served, threshold)
    return {
        "ap": round(average_precision(results), 4),
        "recall": round(counts.recall, 4),
        "false_positives": counts.false_positives,
        "pictures": len(results.truths),
        "faces": results.faces,
        "by_size": recall_by_size(served, threshold),
    }


def card_fields(settings: DetectorSettings, metrics: Mapping[str, Any]) -> dict[str, Any]:
    """Return the fields of the card that `export` does not know."""
    return {"temperature": 1.0, "metrics": dict(metrics), "settings": asdict(settings), **CARD_TEXTS}
