"""Train the face detector; resume the run from its last checkpoint."""

from collections.abc import Sequence
from pathlib import Path

import torch

from training.command import run_script, training_parser
from training.data.yunet import YuNet
from training.detector.batches import DetectorBatches, DetectorSettings
from training.detector.hard_negatives import mine_hard_negatives
from training.detector.network import DetectorNetwork, read_network
from training.detector.photos import Photo, is_held_out, load, read_keypoint_faces, read_photos, store
from training.detector.release import release
from training.detector.scenes import Composer
from training.detector.train import train
from training.paths import CACHE, SHARED, YUNET
from training.state import read_settings


def main(arguments: Sequence[str] | None = None, cache: Path = CACHE) -> None:
    parser = training_parser("detector", __doc__)
    parser.add_argument("--teacher", type=Path, default=SHARED / YUNET, help="YuNet, which gives targets")
    parser.add_argument("--threads", type=int, default=torch.get_num_threads(), help="threads of PyTorch")
    options = parser.parse_args(arguments)
    torch.set_num_threads(options.threads)
    settings = read_settings(options.run, DetectorSettings)
    people, faces = read_all_photos(options.data, cache, options.teacher)
    training_photos = [photo for photo in people if not is_held_out(photo.name)]
    negatives = (
        [] if options.start is None else mine_hard_negatives(read_network(options.start), training_photos)
    )
    composer = Composer(training_photos, faces, settings.seed, negatives)
    batches = DetectorBatches(composer, settings, options.teacher)
    state = train(settings, batches, options.checkpoint, start=options.start)
    assert isinstance(state.average, DetectorNetwork)
    weights = release(state.average, settings, people, options.models)
    print(f"wrote {weights}")


def read_all_photos(data: Path, cache: Path, teacher: Path) -> tuple[list[Photo], list[Photo]]:
    """Return people_photos and the keypoint faces; decode them at the first call into `cache`."""
    if not (cache / "keypoint_faces.labels.npz").exists():
        print(f"decoding photos into {cache}")
        store(read_photos(data, "people_photos"), cache / "people_photos")
        store(read_keypoint_faces(data, YuNet(teacher)), cache / "keypoint_faces")
    return load(cache / "people_photos"), load(cache / "keypoint_faces")


if __name__ == "__main__":
    run_script(main)
