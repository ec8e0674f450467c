"""The dashboard's modules: who imports whom, and what is generated from Python."""

import json
import posixpath
import re
from collections import Counter
from collections.abc import Iterator
from graphlib import TopologicalSorter

import pytest

from api.app import DASHBOARD
from api.dashboard_labels import MODULE, SCHEMA, labels_module, with_labels
from engine.drawing.palette import COVERAGE_COLOURS
from engine.labels import LABELS

# Folders whose modules a folder's own may import. Below live/, main.js alone joins the wall and one source.
IMPORTS = {
    "lib": {"lib"},
    "app": {"app", "lib"},
    "live": {"live", "app", "lib"},
    "live/wall": {"live/wall", "live", "app", "lib"},
    "live/source": {"live/source", "live", "app", "lib"},
    "player": {"player", "app", "lib"},
    "recordings": {"recordings", "player", "app", "lib"},
}
ENTRY_IMPORTS = {"live/main.js": {"live/wall", "live/source"}}
MAX_MODULES = 20
IMPORT = re.compile(r'^(?:import|export)\b[^;]*?\bfrom "(\.[^"]+)";', re.MULTILINE)

GRAPH = {
    path.relative_to(DASHBOARD).as_posix(): {
        posixpath.normpath(posixpath.join(path.relative_to(DASHBOARD).parent.as_posix(), target))
        for target in IMPORT.findall(path.read_text(encoding="utf-8"))
    }
    for path in DASHBOARD.rglob("*.js")
}


def wrong_imports() -> Iterator[str]:
    for module, targets in GRAPH.items():
        allowed = IMPORTS[posixpath.dirname(module)] | ENTRY_IMPORTS.get(module, set())
        for target in targets:
            if posixpath.dirname(target) not in allowed:
                yield f"{module} imports {target}"


def test_folders_import_one_way() -> None:
    assert list(wrong_imports()) == []


def test_modules_have_no_import_circle() -> None:
    assert len(list(TopologicalSorter(GRAPH).static_order())) == len(GRAPH)


def test_folders_stay_small() -> None:
    assert max(Counter(posixpath.dirname(module) for module in GRAPH).values()) <= MAX_MODULES


def test_labels_and_colours_are_those_of_the_engine() -> None:
    """`python -m api.dashboard_labels` writes both files anew."""
    assert MODULE.read_text(encoding="utf-8") == labels_module()
    schema = SCHEMA.read_text(encoding="utf-8")
    assert with_labels(schema) == schema
    assert schema.count(json.dumps(LABELS)) == 2


@pytest.mark.parametrize("kind", COVERAGE_COLOURS)
def test_each_kind_of_coverage_has_a_name(kind: str) -> None:
    names = (DASHBOARD / "lib" / "format.js").read_text(encoding="utf-8").partition("COVERAGE_NAMES")[2]
    assert f"  {kind}: " in names.partition("};")[0]
