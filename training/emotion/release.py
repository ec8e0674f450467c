"""Export of the trained emotion network with its card; a run on a leaky split leaves a report instead."""

import json
from collections.abc import Mapping
from dataclasses import asdict
from pathlib import Path
from typing import Any

import torch
from torch import nn

from training.arrays import Pixels
from training.emotion.batches import EmotionSettings
from training.export import EMOTION, export, provenance

CARD_TEXTS = {
    "data": "FER2013: 35,887 grey 48x48 pictures found by web search for words of feeling; FER+ votes of "
    "ten taggers for training only. YuNet (MIT) found the eyes that the pictures are aligned by.",
    "split": "By photo group, so that no photo has versions in two sets. Test: PrivateTest, whole (3,589)."
    " Validation: PublicTest without the photos that are also in the test set (3,403). Training: the "
    "rest without the photos of both and without pictures in which FER+ saw no face.",
    "framing": "Cut by engine.stages.crop in training too. FER2013's own framing is much like it: at 96x96 "
    "the midpoint of the eyes is at (47.3, 35.4) +- (6.9, 6.6) px and the eyes are 34.9 +- 6.8 px apart. "
    "10 % of the area of the aligned crops is outside the picture and repeats its edge. In the crops the "
    "keypoint network finds the eyes at (48.1, 38.4) +- (1.6, 2.0) and 36.6 +- 3.3 px apart; in 167 crops "
    "that the engine cut from pictures and videos at (48.3, 39.0) +- (3.1, 2.8) and 36.8 +- 3.6 px.",
    "limits": "It names the look of a face as web users and taggers would, in mostly posed photos; it does "
    "not know what anybody feels. The labels are noisy: FER+ taggers often disagree with them, "
    "and among themselves. Disgust has 1.5 % of the pictures. Skin tones and ages were not "
    "measured. Accuracy is lower on small, blurred, covered and turned faces.",
    "terms": "FER2013 (Goodfellow et al. 2013) came with a Kaggle contest and states no licence; the "
    "pictures are from the web. FER+ votes: MIT.",
    "not_for": "Judging people at work, in schools or at borders; hiring, credit, policing, lie detection, "
    "diagnosis; any decision about a person.",
}

LEAK = (
    "The training set has versions of test photos; the figure is for comparison with others from such splits."
)


def release(
    network: nn.Module, crops: Pixels, settings: EmotionSettings, fields: Mapping[str, Any], folder: Path
) -> Path:
    """Export the network, check the file on some crops, and return its path; `fields` go into the card."""
    examples = [torch.from_numpy(crops[:n]).float().unsqueeze(1) for n in (2, 16)]
    card = {"settings": asdict(settings), **fields, **CARD_TEXTS}
    return export(network.cpu(), examples, EMOTION, card, folder)


def write_report(metrics: Mapping[str, Any], settings: EmotionSettings, epochs: int, file: Path) -> str:
    """Write and return the report of a run on a leaky split: test metrics, settings and provenance."""
    report = {
        "test": metrics["five" if settings.split == "mission" else "seven"],
        "split": settings.split,
        "leak": LEAK,
        "trained_on": provenance(),
        "epochs_done": epochs,
        "settings": asdict(settings),
    }
    text = json.dumps(report, indent=2) + "\n"
    file.write_text(text)
    return text
