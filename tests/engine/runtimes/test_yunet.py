"""YuNet as the detector gives the faces that OpenCV detects with it, and runs where it is configured."""

import shutil
from pathlib import Path

import cv2
import numpy as np
import pytest

from engine.card import CardMismatchError
from engine.detectors import detector_card
from engine.loading import load_networks
from engine.pipeline import Pipeline
from engine.records import FaceStart, Reading
from engine.runtimes.onnx import OnnxRuntime
from engine.runtimes.yunet import YuNetRuntime
from engine.settings import EngineSettings
from engine.stages.detect import Detector
from engine.tensors import iou
from ingest.environment import SettingError
from tests.engine.portrait import portrait_frame


@pytest.fixture(scope="module")
def data(tmp_path_factory: pytest.TempPathFactory, shared: Path) -> Path:
    """A data folder as `mien models get yunet` leaves it."""
    folder = tmp_path_factory.mktemp("data")
    (folder / "models").mkdir()
    shutil.copy(shared / "models/face_detection_yunet_2023mar_dynamic.onnx", folder / "models/yunet.onnx")
    return folder


def test_it_detects_the_faces_that_opencv_detects_with_it(data: Path, shared: Path) -> None:
    card = detector_card("yunet", data=data)
    assert card.version == "yunet-daede240"
    detector = Detector(YuNetRuntime(OnnxRuntime(card.file)), card.threshold)
    for name in ("pyfeat_multi_face.jpg", "facerec_two_people.jpg", "facerec_obama-240p.jpg"):
        photo = cv2.imread(str(shared / "pictures" / name), cv2.IMREAD_GRAYSCALE)
        assert photo is not None
        scale = min(1.0, 640 / max(photo.shape))
        grey = np.asarray(cv2.resize(photo, None, fx=scale, fy=scale, interpolation=cv2.INTER_AREA), np.uint8)
        height, width = grey.shape
        opencv = cv2.FaceDetectorYN.create(str(card.file), "", (width, height), card.threshold, 0.45)
        _, theirs = opencv.detect(cv2.cvtColor(grey, cv2.COLOR_GRAY2BGR))
        (ours,) = detector.detect([grey])
        assert len(ours) == len(theirs) > 0
        corners = np.concatenate([theirs[:, :2], theirs[:, :2] + theirs[:, 2:4]], axis=1)
        for face in ours:
            box = np.array([face.box.left, face.box.top, face.box.right, face.box.bottom], np.float32)
            same = int(iou(box * (width, height, width, height), corners).argmax())
            assert iou(box * (width, height, width, height), corners)[same] > 0.9
            assert face.score == pytest.approx(theirs[same, 14], abs=0.02)
            distance = face.landmarks * (width, height) - theirs[same, 4:14].reshape(5, 2)
            assert np.abs(distance).max() < 0.03 * theirs[same, 2:4].max()


def test_the_pipeline_runs_with_it(data: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MIEN_DATA", str(data))
    pipeline = Pipeline(load_networks(detector="yunet"))
    events = [event for n in range(3) for event in pipeline.step([portrait_frame(n)])[0]]
    assert [event.track for event in events if isinstance(event, FaceStart)] == [1]
    assert [event.frame for event in events if isinstance(event, Reading)] == [0, 1, 2]


def test_missing_and_foreign_weights_are_refused(tmp_path: Path) -> None:
    with pytest.raises(CardMismatchError, match=r"models/yunet.onnx: no such weight file; `mien models get"):
        detector_card("yunet", data=tmp_path)
    (tmp_path / "models").mkdir()
    (tmp_path / "models/yunet.onnx").write_bytes(b"others")
    with pytest.raises(
        CardMismatchError, match=r"yunet.onnx: its sha256 is \w{64}, but its card says daede24"
    ):
        detector_card("yunet", data=tmp_path)


def test_an_unknown_detector_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MIEN_DETECTOR", "yolo")
    with pytest.raises(SettingError, match=r"^MIEN_DETECTOR must be mien or yunet, got 'yolo'$"):
        EngineSettings.read("detector")
    monkeypatch.setenv("MIEN_DETECTOR", "")
    assert EngineSettings.read("detector").detector == "mien"
