"""Keeps the direction of imports, and one home for each heavy library."""

import ast
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]

# Who may import whom: ingest <- engine <- api, training -> engine.
MAY_IMPORT = {
    "ingest": {"ingest"},
    "engine": {"engine", "ingest"},
    "api": {"api", "engine", "ingest"},
    "training": {"training", "engine", "ingest"},
    "deploy": {"deploy", "api", "engine", "ingest"},
}

# Where a heavy library may be imported: files, or folders that end in a slash.
HOMES = {
    "av": ("ingest/", "deploy/video.py"),
    "redis": ("ingest/bus/connection.py",),
    "onnxruntime": ("engine/runtimes/onnx.py", "training/"),
    "tensorrt": ("engine/runtimes/tensorrt/",),
    "pycuda": ("engine/runtimes/tensorrt/",),
    "torch": ("training/", "deploy/bench/torch_network.py"),
}

TOO_HEAVY_FOR_THE_API = ("cv2", "av", "onnxruntime", "pyarrow", "torch", "tensorrt")


def modules() -> list[Path]:
    return sorted(file for package in MAY_IMPORT for file in (ROOT / package).rglob("*.py"))


def imports(file: Path) -> Iterator[str]:
    """Full names of what a file imports, wherever in the file it does so."""
    for node in ast.walk(ast.parse(file.read_text(), filename=str(file))):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{file}: relative import"
            yield node.module or ""


def at_home(file: str, homes: tuple[str, ...]) -> bool:
    return any(file == home or (home.endswith("/") and file.startswith(home)) for home in homes)


@pytest.mark.parametrize("package", MAY_IMPORT)
def test_packages_import_only_what_they_may(package: str) -> None:
    wrong = [
        f"{file.relative_to(ROOT)} imports {name}"
        for file in (ROOT / package).rglob("*.py")
        for name in imports(file)
        if name.split(".")[0] in {*MAY_IMPORT, "tests"} - MAY_IMPORT[package]
    ]
    assert not wrong


@pytest.mark.parametrize("library", HOMES)
def test_heavy_libraries_have_one_home(library: str) -> None:
    strays = [
        str(file.relative_to(ROOT))
        for file in modules()
        if library in {name.split(".")[0] for name in imports(file)}
        and not at_home(file.relative_to(ROOT).as_posix(), HOMES[library])
    ]
    assert not strays


def test_packages_have_empty_inits() -> None:
    assert not [file for file in modules() if file.name == "__init__.py" and file.read_text().strip()]


def test_the_api_loads_no_heavy_library() -> None:
    program = (
        f"import sys, api.app; print(*[name for name in {TOO_HEAVY_FOR_THE_API!r} if name in sys.modules])"
    )
    loaded = subprocess.run(
        [sys.executable, "-c", program], cwd=ROOT, capture_output=True, text=True, check=False
    )
    assert loaded.returncode == 0, loaded.stderr
    assert loaded.stdout.split() == []
