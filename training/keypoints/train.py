"""Trains the keypoint network: `python -m training.keypoints`; goes on from its last checkpoint."""

from dataclasses import asdict
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor
from torch.nn import functional

from engine.labels import KEYPOINTS
from engine.records import Floats
from training.data.faces import Pixels, Portraits
from training.keypoints.batches import DETECTOR, Batch, Batches, Settings, cut_all
from training.keypoints.network import KeypointNetwork
from training.loop import Schedule, epochs
from training.state import TrainingState, averaged, device

# Beyond this error in pixels a point pulls no harder: the labels came from a detector and some are wrong.
HUBER = 2.0
# Weight of telling the cells near a point from the others; it spares the first epochs a long search.
NEARNESS = 0.2

LIMITS = (
    "The points it learnt from were set by a landmark detector on pictures of YouTube videos, not by hand; "
    "they differ from Kaggle's convention by up to 2.7 px at the brows and 1 to 2 px elsewhere, and lie "
    "about a pixel to the right of what they mark, as the network's do. 277 people, mostly public figures "
    "facing the camera; skin tones and ages were not measured. In profiles and covered faces the points that "
    "cannot be seen are guesses."
)


def train(
    settings: Settings,
    portraits: Portraits,
    checkpoint: Path,
    *,
    until: int | None = None,
    start: Path | None = None,
) -> TrainingState:
    """Trains up to epoch `until` (all of them by default); goes on from `checkpoint` where that exists.

    Where it does not, `start` may name the checkpoint of another run, whose weights are a beginning.
    """
    torch.manual_seed(settings.seed)
    network = KeypointNetwork(settings.stem, settings.widths, settings.depths)
    if start is not None:
        network.load_state_dict(averaged(start))
    network.to(device(), memory_format=torch.channels_last)  # type: ignore[call-overload]
    optimizer = torch.optim.AdamW(network.parameters(), weight_decay=settings.decay)
    state = TrainingState.start(network, optimizer)
    if checkpoint.exists():
        state.load(checkpoint, settings)

    def save() -> None:
        state.save(checkpoint, settings)

    batches = Batches(portraits, settings)
    schedule = Schedule(settings.seed, settings.epochs, batches.steps, settings.rate, settings.average)
    crops, points = cut_all(portraits, portraits.validation, DETECTOR)
    for told in epochs(state, batches, cost, schedule, save, until=until):
        state.history.append(told | score(predict(state.average, crops), points))
        save()
        print(f"epoch {state.epoch}: {row(state.history[-1])}", flush=True)
    return state


def cost(network: KeypointNetwork, batch: Batch) -> tuple[Tensor, dict[str, float]]:
    sure, found = network.read(batch.crops.float())
    near = network.nearness(batch.points)
    unsure = -(near * sure.log_softmax(dim=2)).sum(dim=2).mean()
    loss = functional.smooth_l1_loss(found, batch.points, beta=HUBER) + NEARNESS * unsure
    return loss, {"loss": loss.item()}


def predict(network: torch.nn.Module, crops: Pixels) -> Floats:
    """(n, 15, 2) keypoints of (n, 96, 96) crops."""
    with torch.inference_mode():
        pixels = torch.from_numpy(crops).float().unsqueeze(1)
        found = [network(part.to(device())).cpu() for part in torch.split(pixels, 256)]
    return np.asarray(torch.cat(found).numpy())


def score(found: Floats, points: Floats) -> dict[str, float]:
    """`rmse` of coordinates in pixels of the crop, as Kaggle counts; `nme`, mean error over eye distance."""
    distance = np.linalg.norm(found - points, axis=2)
    eyes = np.linalg.norm(points[:, 0] - points[:, 1], axis=1)
    return {
        "rmse": float(np.sqrt(np.mean((found - points) ** 2))),
        "nme": float((distance.mean(axis=1) / eyes).mean()),
    }


def describe(state: TrainingState, settings: Settings, scores: dict[str, Any]) -> dict[str, Any]:
    """The card's fields."""
    return {
        "name": "keypoints",
        "outputs": list(KEYPOINTS),
        "input_size": [96, 96],
        "temperature": 1.0,
        "metrics": scores,
        "epochs_done": state.epoch,
        "data": "keypoints_udacity.npz: 4,227 faces of 347 people from YouTube Faces",
        "split": "by person: 277 to learn from, 18 to watch over the training, 52 for the test",
        "settings": asdict(settings),
        "limits": LIMITS,
        "terms": "YouTube Faces DB: research use. udacity/CVND_Exercises: MIT.",
        "not_for": "telling who somebody is; measuring faces for health or for decisions about people",
    }


def row(said: dict[str, float]) -> str:
    return ", ".join(f"{name} {value:.4f}" for name, value in said.items())
