"""The detector's loop and export, on scenes of one real face."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import torch

from engine.card import read_card
from engine.labels import LANDMARKS
from engine.runtimes.onnx import OnnxRuntime
from engine.stages.detect import Detector
from engine.tensors import iou
from tests.training.detector.photos import NARROW, SETTINGS, small_composer
from training.detector.batches import DetectorBatches, collate
from training.detector.loss import compute_loss
from training.detector.network import DetectorNetwork, ExportedDetector
from training.detector.release import SIGNATURE, card_fields
from training.detector.train import train
from training.export import export


def test_a_network_overfits_eight_scenes_and_its_exported_file_detects_their_faces(tmp_path: Path) -> None:
    torch.manual_seed(0)
    scenes = [
        scene for scene in map(small_composer().compose, range(60), [128] * 60) if scene.sure.sum() == 1
    ]
    scenes = [scene for scene in scenes if len(scene.sure) == 1][:8]
    batch = collate(scenes)
    network = DetectorNetwork(NARROW).train()
    optimizer = torch.optim.AdamW(network.parameters(), lr=1e-2)
    for _ in range(70):
        optimizer.zero_grad()
        loss, _ = compute_loss(network(batch.frames), batch)
        loss.backward()  # type: ignore[no-untyped-call]
        optimizer.step()
    # The statistics of these scenes, since the running ones have not settled after so few steps.
    for module in network.modules():
        if isinstance(module, torch.nn.BatchNorm2d):
            module.momentum = None
            module.reset_running_stats()
    with torch.no_grad():
        network(batch.frames)
    examples = [batch.frames[:2], torch.zeros(1, 1, 96, 160)]
    export(ExportedDetector(network), examples, SIGNATURE, card_fields(SETTINGS, {}), folder=tmp_path)
    detector = Detector(OnnxRuntime(read_card("detector", LANDMARKS, tmp_path).file), 0.5)
    found = 0
    for scene, faces in zip(scenes, detector.detect([scene.grey for scene in scenes]), strict=True):
        for face in faces[:1]:
            box = np.array([face.box.left, face.box.top, face.box.right, face.box.bottom], np.float32) * 128
            found += int(iou(box, scene.boxes)[0] > 0.5)
    assert found >= 7


def test_an_interrupted_run_gives_the_weights_of_an_uninterrupted_one(tmp_path: Path) -> None:
    batches = DetectorBatches(small_composer(), SETTINGS)
    uninterrupted = train(SETTINGS, batches, tmp_path / "uninterrupted.pt")
    train(SETTINGS, batches, tmp_path / "interrupted.pt", until=1)
    resumed = train(SETTINGS, batches, tmp_path / "interrupted.pt")
    assert resumed.steps == uninterrupted.steps == 6
    for name, weights in uninterrupted.average.state_dict().items():
        torch.testing.assert_close(resumed.average.state_dict()[name], weights, rtol=0, atol=0)


def test_a_run_may_start_from_the_weights_of_another(tmp_path: Path) -> None:
    batches = DetectorBatches(small_composer(), SETTINGS)
    first = train(SETTINGS, batches, tmp_path / "first.pt", until=1)
    second = train(SETTINGS, batches, tmp_path / "second.pt", until=0, start=tmp_path / "first.pt")
    assert second.steps == 0
    for name, weights in first.average.state_dict().items():
        torch.testing.assert_close(second.average.state_dict()[name], weights, rtol=0, atol=0)


def test_a_batch_has_about_the_same_number_of_pixels() -> None:
    settings = replace(SETTINGS, scene_sides=[64], pixels_per_step=20_000)
    batch = DetectorBatches(small_composer(), settings)[0]
    assert batch.frames.shape == (4, 1, 64, 64)
    assert batch.counted.shape == (4, len(batch.grid))
