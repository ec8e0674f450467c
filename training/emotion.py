"""Trains the emotion network: `python -m training.emotion`; goes on from its last checkpoint."""

import argparse
import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.random import Generator
from numpy.typing import NDArray
from torch import Tensor
from torch.nn import functional
from tqdm import tqdm

from engine.card import MODELS
from engine.crop import Alignment, align, cut, transform
from engine.labels import LABELS
from engine.records import Floats
from training.augment import Jitter, cover, cut_misplaced, spoil
from training.export import EMOTION, export, outputs_of
from training.faces import Expressions, Mask, Pixels, read_expressions
from training.landmarks import landmarks_of, with_mean
from training.networks import EmotionNetwork
from training.scores import emotion_metrics, fit_temperature
from training.state import CHECKPOINTS, TrainingState, device, one_cycle, read_settings

Rows = NDArray[np.int64]

YUNET = "face_detection_yunet_2023mar_dynamic.onnx"

WORDS = {  # of the card
    "data": "FER2013: 35,887 grey 48x48 pictures found by web search for words of feeling; FER+ votes of "
    "ten taggers for training only. YuNet (MIT) found the eyes that the pictures are aligned by.",
    "split": "By photo group, so that no photo has versions in two sets. Test: PrivateTest, whole (3,589)."
    " Validation: PublicTest less the photos that are also in the test (3,403). Training: the "
    "rest less the photos of both and what FER+ saw no face in.",
    "framing": "Cut by engine.crop at training too. As they come, FER2013's pictures are framed much like "
    "it: at 96x96 the eyes' midpoint lies at (47.3, 35.4) +- (6.9, 6.6) px and the eyes are 34.9 "
    "+- 6.8 px apart. 10 % of the aligned crops lies outside the picture and repeats its edge.",
    "limits": "It names the look of a face as web users and taggers would, in mostly posed photos; it does "
    "not know what anybody feels. The labels are noisy: FER+ taggers often disagree with them, "
    "and among themselves. Disgust has 1.5 % of the pictures. Skin tones and ages were not "
    "measured. Small, blurred, covered and turned faces are read worse.",
    "terms": "FER2013 (Goodfellow et al. 2013) came with a Kaggle contest and states no licence; the "
    "pictures are from the web. FER+ votes: MIT.",
    "not_for": "Judging people at work, in schools or at borders; hiring, credit, policing, lie detection, "
    "diagnosis; any decision about a person.",
}


@dataclass(frozen=True, slots=True)
class Settings:
    """One run; `training/runs/emotion.toml` says what each is."""

    seed: int
    epochs: int
    batch: int
    rate: float
    decay: float
    average: float
    stem: int
    widths: list[int]
    depths: list[int]
    dropout: float
    place: float
    size: float
    roll: float
    spoiled: float
    covered: float
    mixup: float
    mixed: float
    votes: float
    smoothing: float
    disgust: int


def train(
    settings: Settings,
    faces: Expressions,
    alignments: Sequence[Alignment],
    checkpoint: Path,
    *,
    until: int | None = None,
) -> TrainingState:
    """Trains up to epoch `until` (all of them by default) and leaves a checkpoint after each."""
    torch.manual_seed(settings.seed)
    network = EmotionNetwork(settings.stem, settings.widths, settings.depths, settings.dropout)
    network.to(device(), memory_format=torch.channels_last)  # type: ignore[call-overload]
    optimizer = torch.optim.SGD(
        network.parameters(), settings.rate, momentum=0.9, weight_decay=settings.decay, nesterov=True
    )
    state = TrainingState.start(network, optimizer)
    if checkpoint.exists():
        state.load(checkpoint, settings)

    rows = rows_of_epoch(faces, settings)
    target = targets(faces, settings)
    steps = math.ceil(len(rows) / settings.batch)
    held_out = cut_all(faces, alignments, faces.validation)
    for epoch in range(state.epoch, settings.epochs if until is None else until):
        torch.manual_seed(settings.seed * 1000 + epoch)  # dropout: a resumed run draws the same
        losses = []
        network.train()
        batches = tqdm(
            _batches(faces, alignments, rows, settings, epoch), f"epoch {epoch + 1}", steps, leave=False
        )
        for step, (crops, shown, mixing) in enumerate(batches):
            crops, wanted = _mix(crops, torch.from_numpy(target[shown]), mixing)
            loss = functional.cross_entropy(network(crops.to(device())), wanted.to(device()))
            progress = (epoch + step / steps) / settings.epochs
            state.step(loss, settings.rate * one_cycle(progress), decay=settings.average)
            losses.append(loss.item())
        state.epoch = epoch + 1
        logits = predict(state.average, held_out)
        figures = _figures(logits, faces.label[faces.validation])
        state.history.append({"loss": float(np.mean(losses)), **figures})
        state.save(checkpoint, settings)
        print(f"epoch {state.epoch}: {_row(state.history[-1])}", flush=True)
    return state


def rows_of_epoch(faces: Expressions, settings: Settings) -> Rows:
    """The rows that an epoch shows: faces only, those of the rarest class several times."""
    rows = np.flatnonzero(faces.train & faces.is_face)
    rare = rows[faces.label[rows] == LABELS.index("disgust")]
    return np.concatenate([rows, *[rare] * (settings.disgust - 1)])


def targets(faces: Expressions, settings: Settings) -> Floats:
    """(n, 7): FER2013's own label mixed with what the FER+ taggers said, smoothed."""
    own = np.eye(len(LABELS), dtype=np.float32)[faces.label]
    voted = faces.votes.sum(axis=1, keepdims=True) > 0
    mixed = np.where(voted, (1 - settings.votes) * own + settings.votes * faces.votes, own)
    return np.asarray((1 - settings.smoothing) * mixed + settings.smoothing / len(LABELS), dtype=np.float32)


def cut_all(faces: Expressions, alignments: Sequence[Alignment], chosen: Mask) -> Pixels:
    """(n, 96, 96) crops of the chosen faces, as the engine cuts them."""
    rows = np.flatnonzero(chosen).tolist()
    return np.stack([cut(faces.pixels[row], transform(alignments[row])) for row in rows])


def predict(network: torch.nn.Module, crops: Pixels) -> Floats:
    """(n, 7) logits of (n, 96, 96) crops."""
    pixels = torch.from_numpy(crops).unsqueeze(1)
    with torch.inference_mode():
        parts = [network(part.float().to(device())).cpu() for part in torch.split(pixels, 256)]
    return np.asarray(torch.cat(parts).numpy())


def describe(state: TrainingState, settings: Settings, temperature: float) -> dict[str, Any]:
    """The card's fields, but for the metrics."""
    return {
        "name": "emotion",
        "outputs": outputs_of("emotion"),
        "input_size": [96, 96],
        "temperature": temperature,
        "settings": {name: getattr(settings, name) for name in settings.__slots__} | {"done": state.epoch},
        **WORDS,
    }


def _batches(
    faces: Expressions, alignments: Sequence[Alignment], rows: Rows, settings: Settings, epoch: int
) -> Iterator[tuple[Tensor, Rows, float]]:
    """One epoch of crops, their rows, and how far to mix each with its neighbour.

    What is drawn depends on the seed and the epoch alone, so a resumed run draws the same.
    """
    rng = np.random.default_rng((settings.seed, epoch))
    shuffled = rng.permutation(rows)
    for start in range(0, len(shuffled), settings.batch):
        shown = shuffled[start : start + settings.batch]
        crops = [_example(faces.pixels[row], alignments[row], settings, rng) for row in shown]
        mixing = rng.beta(settings.mixup, settings.mixup) if rng.random() < settings.mixed else 0.0
        yield torch.from_numpy(np.stack(crops)).float().unsqueeze(1), shown, mixing


def _example(picture: Pixels, alignment: Alignment, settings: Settings, rng: Generator) -> Pixels:
    jitter = Jitter(settings.place, settings.size, settings.roll)
    crop, _ = cut_misplaced(picture, alignment, jitter, rng)
    if rng.random() < settings.spoiled:
        crop = spoil(crop, rng)
    if rng.random() < settings.covered:
        crop = cover(crop, rng)
    return crop


def _mix(crops: Tensor, wanted: Tensor, mixing: float) -> tuple[Tensor, Tensor]:
    """Mixup (Zhang et al. 2017) of each picture with the next of the batch."""
    return (
        crops.lerp(crops.roll(1, dims=0), mixing),
        wanted.lerp(wanted.roll(1, dims=0), mixing),
    )


def _figures(logits: Floats, label: Rows) -> dict[str, float]:
    seen = emotion_metrics(logits, label, fit_temperature(logits, label))
    return {
        "seven": seen["seven"]["accuracy"],
        "five": seen["five"]["accuracy"],
        "five_f1": seen["five"]["macro_f1"],
        "ece": seen["ece"],
    }


def _row(figures: dict[str, float]) -> str:
    return ", ".join(f"{name} {value:.4f}" for name, value in figures.items())


def main() -> None:
    here = Path(__file__).parent
    shared = here.parents[1] / "shared"
    parser = argparse.ArgumentParser(prog="python -m training.emotion", description=__doc__)
    parser.add_argument("--run", type=Path, default=here / "runs" / "emotion.toml", help="settings")
    parser.add_argument("--data", type=Path, default=shared / "data")
    parser.add_argument(
        "--teacher", type=Path, default=shared / "models" / YUNET, help="finds the eyes, once"
    )
    parser.add_argument("--checkpoint", type=Path, default=CHECKPOINTS / "emotion.pt")
    parser.add_argument("--models", type=Path, default=MODELS, help="folder for the weights and their card")
    parser.add_argument("--until", type=int, help="stop after this epoch; 0 exports the last checkpoint")
    asked = parser.parse_args()

    torch.set_num_threads(1)  # at this size a second thread gains little
    settings = read_settings(asked.run, Settings)
    faces = read_expressions(asked.data)
    alignments = [align(points) for points in with_mean(landmarks_of(faces.pixels, asked.teacher))]
    state = train(settings, faces, alignments, asked.checkpoint, until=asked.until)

    crops, label = cut_all(faces, alignments, faces.validation), faces.label[faces.validation]
    logits = predict(state.average, crops)
    temperature = fit_temperature(logits, label)
    card = describe(state, settings, temperature)
    card["metrics"] = {"validation": emotion_metrics(logits, label, temperature)}
    examples = [torch.from_numpy(crops[:n]).float().unsqueeze(1) for n in (2, 16)]
    weights = export(state.average.cpu(), examples, EMOTION, card, asked.models)
    print(f"{weights}: on the validation photos {_row(_figures(logits, label))}")


if __name__ == "__main__":
    main()
