"""Exports the trained emotion network with its card; a run on a split that leaks leaves a report instead."""

import json
from collections.abc import Mapping
from dataclasses import asdict
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import torch
from torch import nn

from engine.labels import LABELS
from training.data.faces import Pixels
from training.emotion.batches import Settings
from training.export import EMOTION, commit, export

WORDS = {  # of the card
    "data": "FER2013: 35,887 grey 48x48 pictures found by web search for words of feeling; FER+ votes of "
    "ten taggers for training only. YuNet (MIT) found the eyes that the pictures are aligned by.",
    "split": "By photo group, so that no photo has versions in two sets. Test: PrivateTest, whole (3,589)."
    " Validation: PublicTest less the photos that are also in the test (3,403). Training: the "
    "rest less the photos of both and what FER+ saw no face in.",
    "framing": "Cut by engine.stages.crop at training too. As they come, FER2013's pictures are framed much "
    "like it: at 96x96 the eyes' midpoint lies at (47.3, 35.4) +- (6.9, 6.6) px and the eyes are 34.9 "
    "+- 6.8 px apart. 10 % of the aligned crops lies outside the picture and repeats its edge. "
    "In the crops the keypoint network sees the eyes at (48.1, 38.4) +- (1.6, 2.0) and 36.6 +- 3.3 px "
    "apart; in 167 crops that the engine cut from pictures and videos at (48.3, 39.0) +- (3.1, 2.8) and "
    "36.8 +- 3.6 px.",
    "limits": "It names the look of a face as web users and taggers would, in mostly posed photos; it does "
    "not know what anybody feels. The labels are noisy: FER+ taggers often disagree with them, "
    "and among themselves. Disgust has 1.5 % of the pictures. Skin tones and ages were not "
    "measured. Small, blurred, covered and turned faces are read worse.",
    "terms": "FER2013 (Goodfellow et al. 2013) came with a Kaggle contest and states no licence; the "
    "pictures are from the web. FER+ votes: MIT.",
    "not_for": "Judging people at work, in schools or at borders; hiring, credit, policing, lie detection, "
    "diagnosis; any decision about a person.",
}

LEAK = "Versions of test photos were learnt from; the figure is for comparison with others that were got so."


def release(
    network: nn.Module, crops: Pixels, settings: Settings, measured: Mapping[str, Any], folder: Path
) -> Path:
    """Exports, checks the file on some crops, and returns its path; `measured` goes into the card."""
    examples = [torch.from_numpy(crops[:n]).float().unsqueeze(1) for n in (2, 16)]
    card = {
        "name": "emotion",
        "outputs": list(LABELS),
        "input_size": [96, 96],
        "settings": asdict(settings),
        **measured,
        **WORDS,
    }
    return export(network.cpu(), examples, EMOTION, card, folder)


def leave_report(said: Mapping[str, Any], settings: Settings, epochs: int, file: Path) -> str:
    """Writes what a run on a leaky split gave on its test, with its settings; returns what was written."""
    report = {
        "test": said["five" if settings.split == "mission" else "seven"],
        "split": settings.split,
        "leak": LEAK,
        "trained_on": {"commit": commit(), "date": datetime.now(UTC).date().isoformat()},
        "epochs_done": epochs,
        "settings": asdict(settings),
    }
    text = json.dumps(report, indent=2) + "\n"
    file.write_text(text)
    return text
