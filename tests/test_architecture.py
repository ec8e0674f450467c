"""The architecture as rules: import directions, no import circles, small folders, files and functions."""

import re
import statistics
import subprocess
import sys
from collections import Counter

import pytest

from tests.tree import (
    PACKAGES,
    ROOT,
    circle,
    files,
    imports_within,
    is_in,
    modules,
    modules_started_by_name,
    names,
    sources,
)

# Packages that each package may import: ingest <- engine <- api, training -> engine.
MAY_IMPORT = {
    "ingest": {"ingest"},
    "engine": {"engine", "ingest"},
    "api": {"api", "engine", "ingest"},
    "training": {"training", "engine", "ingest"},
    "deploy": {"deploy", "api", "engine", "ingest"},
}

# Imports that no package needs: the left one does not import the right one.
FORBIDDEN = [
    ("engine", "ingest.live"),
    ("api", "ingest.live"),
    ("ingest.bus", "av"),
    ("ingest.bus", "cv2"),
    ("api.jobs", "api.http"),
    ("api.results", "api.verbs"),
]

# Where a heavy library may be imported.
HOMES = {
    "av": ("ingest", "deploy.video"),
    "redis": ("ingest.bus.connection",),
    "onnxruntime": ("engine.runtimes.onnx", "training"),
    "tensorrt": ("engine.runtimes.tensorrt",),
    "pycuda": ("engine.runtimes.tensorrt",),
    "torch": ("training", "deploy.bench.torch_network"),
}

TOO_HEAVY_FOR_THE_API = ("cv2", "av", "onnxruntime", "pyarrow", "torch", "tensorrt")

NAMED = re.compile(rf"`((?:{'|'.join(PACKAGES)}|tests)[./][\w./]*)`")

CLAUSE = re.compile(r"(What|Who|Whose|Whether|Where|Which|How|When|Why)\b")

MAX_MODULES = 20  # a folder
MAX_LINES = 300  # a file
MEDIAN_FUNCTION, MOST_FUNCTIONS = 7, 16  # lines; at most, of half and of nine in ten


@pytest.mark.parametrize("package", MAY_IMPORT)
def test_packages_import_only_what_they_may(package: str) -> None:
    forbidden = {*PACKAGES, "tests"} - MAY_IMPORT[package]
    assert not [
        f"{module.path} imports {name}"
        for module in sources()
        for name in module.imports()
        if is_in(module.name, package) and name.partition(".")[0] in forbidden
    ]


@pytest.mark.parametrize(("package", "other"), FORBIDDEN)
def test_sub_packages_stay_apart(package: str, other: str) -> None:
    assert not [
        f"{module.path} imports {name}"
        for module in sources()
        for name in module.imports()
        if is_in(module.name, package) and is_in(name, other)
    ]


@pytest.mark.parametrize("library", HOMES)
def test_heavy_libraries_have_one_home(library: str) -> None:
    assert not [
        str(module.path)
        for module in sources()
        if any(is_in(name, library) for name in module.imports())
        and not any(is_in(module.name, home) for home in HOMES[library])
    ]


@pytest.mark.parametrize("package", sorted({module.path.parent.as_posix() for module in sources()}))
def test_modules_and_sub_packages_import_each_other_in_no_circle(package: str) -> None:
    assert circle(imports_within(package.replace("/", "."))) == []


def test_packages_have_empty_inits() -> None:
    assert not [
        module.path for module in sources() if module.path.name == "__init__.py" and module.text.strip()
    ]


def test_modules_that_are_started_by_name_exist() -> None:
    started = modules_started_by_name()
    assert {"ingest", "engine", "api", "api.jobs", "deploy.serve"} <= set(started)
    assert {name: file for name, file in started.items() if name not in names()} == {}


def test_the_paths_and_modules_that_the_documents_name_exist() -> None:
    for document in ("docs/architecture.md", "CONTRIBUTING.md"):
        named = NAMED.findall((ROOT / document).read_text())
        assert named
        assert [name for name in named if name not in names() and not (ROOT / name).exists()] == []


def test_the_api_loads_no_heavy_library() -> None:
    program = (
        f"import sys, api.app; print(*[name for name in {TOO_HEAVY_FOR_THE_API!r} if name in sys.modules])"
    )
    loaded = subprocess.run(
        [sys.executable, "-c", program], cwd=ROOT, capture_output=True, text=True, check=False
    )
    assert loaded.returncode == 0, loaded.stderr
    assert loaded.stdout.split() == []


def test_folders_are_small() -> None:
    code = [path for path in files() if path.suffix in {".py", ".js"} and path.name != "__init__.py"]
    folders = Counter(path.parent.as_posix() for path in code)
    assert {folder: count for folder, count in folders.items() if count > MAX_MODULES} == {}


def test_source_files_are_short() -> None:
    scripts = [path for path in files() if path.suffix == ".js"]
    code = [*(module.path for module in sources()), *scripts]
    lines = {str(path): len((ROOT / path).read_text().splitlines()) for path in code}
    assert {path: count for path, count in lines.items() if count > MAX_LINES} == {}


def test_functions_are_short() -> None:
    lengths = sorted(
        (function.end_lineno or 0) - function.lineno + 1
        for module in sources()
        for function in module.functions()
    )
    assert statistics.median(lengths) <= MEDIAN_FUNCTION
    assert lengths[len(lengths) * 9 // 10] <= MOST_FUNCTIONS


def test_docstrings_begin_with_no_clause() -> None:
    assert not [
        f"{module.path}: {text.splitlines()[0]}"
        for module in modules()
        for text in module.docstrings()
        if CLAUSE.match(text)
    ]


def test_nothing_waits_by_the_wall_clock() -> None:
    """A clock that is set back would stop whatever waits for a time of it."""
    waits = re.compile(r"(?=.*(?:time\.time\(\)|datetime\.now\())(?=.*(?:sleep|\bwait|timeout|deadline))")
    code = [path for path in files() if path.suffix == ".py" and path.parts[0] not in ("tests", "training")]
    waiting = {path.as_posix() for path in code if any(map(waits.match, path.read_text().splitlines()))}
    assert waiting == {"api/sources/store.py"}  # its wait has a limit of some seconds
