"""Mining of a network's false positives."""

import torch

from engine.tensors import iou
from tests.training.detector.photos import NARROW, empty_photo, face_photo
from training.detector.hard_negatives import mine_hard_negatives
from training.detector.network import DetectorNetwork


def set_score_bias(network: DetectorNetwork, bias: float) -> None:
    for head in network.head:
        assert isinstance(head, torch.nn.Conv2d)
        assert head.bias is not None
        head.bias.data[0] = bias


def test_detections_outside_of_the_labelled_boxes_are_mined() -> None:
    network = DetectorNetwork(NARROW)
    set_score_bias(network, 5.0)  # a face everywhere
    negatives = mine_hard_negatives(network, [face_photo(), empty_photo()])
    assert {negative.photo.name for negative in negatives} == {"portrait", "empty"}
    for negative in negatives:
        assert not (iou(negative.box, negative.photo.boxes) >= 0.3).any()
    set_score_bias(network, -5.0)
    assert mine_hard_negatives(network, [face_photo(), empty_photo()]) == []
