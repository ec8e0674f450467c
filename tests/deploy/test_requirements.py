"""Requirements files: pinned and hashed, complete, and without addresses."""

import re
import tomllib
from itertools import chain
from pathlib import Path

import pytest
from packaging.requirements import Requirement

ROOT = Path(__file__).parents[2]
FILES = sorted((ROOT / "requirements").glob("*.txt"))
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
EXTRAS = PROJECT["optional-dependencies"]

# The extras in each file, besides the dependencies of the service.
CONTENTS = {"service": (), "demo": ("demo",), "dev": ("demo", "training", "dev")}
SEPARATE = {"torch"}


def pins(file: Path) -> dict[str, str]:
    """Return the entries of a file by the name of the package."""
    text = re.sub(r"^#.*\n", "", file.read_text(), flags=re.M).replace("\\\n", " ")
    return {line.split("==")[0].split("[")[0]: line for line in text.splitlines()}


def name_of(requirement: str) -> str:
    return re.split(r"[\[<>=!~; ]", requirement)[0].lower()


@pytest.mark.parametrize("file", FILES, ids=lambda file: file.stem)
def test_every_entry_is_pinned_and_hashed(file: Path) -> None:
    for name, entry in pins(file).items():
        assert re.fullmatch(rf"{name}==\S+( ; [^-]+)?(\s+--hash=sha256:[0-9a-f]{{64}})+\s*", entry), entry


@pytest.mark.parametrize("file", FILES, ids=lambda file: file.stem)
def test_no_file_names_an_address_or_a_path(file: Path) -> None:
    assert not re.search(r"://|--(extra-)?index|--find-links|file:|(^|\s)/", file.read_text())


@pytest.mark.parametrize(("stem", "extras"), CONTENTS.items())
def test_all_that_the_project_needs_is_pinned(stem: str, extras: tuple[str, ...]) -> None:
    needed = {name_of(one) for one in chain(PROJECT["dependencies"], *(EXTRAS[extra] for extra in extras))}
    assert needed - SEPARATE <= pins(ROOT / "requirements" / f"{stem}.txt").keys()


def test_every_pin_lies_within_the_bounds_of_the_project() -> None:
    pinned = pins(ROOT / "requirements" / "dev.txt")
    for required in map(Requirement, chain(PROJECT["dependencies"], EXTRAS["dev"])):
        version = re.match(r"[^=]+==(\S+)", pinned[required.name])
        assert version is not None
        assert required.specifier.contains(version[1]), f"{required}, pinned {version[1]}"


def test_the_service_needs_no_torch() -> None:
    assert "torch" not in pins(ROOT / "requirements" / "service.txt")
    assert "torch" not in pins(ROOT / "requirements" / "dev.txt")


def test_torch_is_the_build_without_cuda() -> None:
    assert re.match(r"torch==[\d.]+\+cpu ", pins(ROOT / "requirements" / "torch.txt")["torch"])


def test_the_files_agree() -> None:
    service, demo, dev = (pins(ROOT / "requirements" / f"{stem}.txt") for stem in ("service", "demo", "dev"))
    assert service.items() <= demo.items() <= dev.items()


def test_what_a_gpu_needs_fits_beside_the_rest() -> None:
    gpu, dev = pins(ROOT / "requirements" / "gpu.txt"), pins(ROOT / "requirements" / "dev.txt")
    # TensorRT comes from NVIDIA's packages.
    assert {name_of(one) for one in EXTRAS["gpu"]} - {"tensorrt"} <= gpu.keys()
    assert {name: gpu[name] for name in gpu.keys() & dev.keys()}.items() <= dev.items()
