"""The chart accepts its own values and refuses impossible ones; Grafana's dashboard uses existing metrics."""

import json
import re
import shutil
import subprocess
from pathlib import Path
from typing import Any

import httpx
import jsonschema
import pytest
import yaml

from engine.live.counts import READINGS
from ingest.bus.connection import connect
from ingest.bus.keys import JOB_QUEUE, counts_key
from tests.api.serving import configure, serving
from tests.deploy.shipped import CHART, DEPLOY, PLAIN, TEMPLATES

VALUES: dict[str, Any] = yaml.safe_load((CHART / "values.yaml").read_text())
SCHEMA: dict[str, Any] = json.loads((CHART / "values.schema.json").read_text())
DASHBOARD: dict[str, Any] = json.loads((DEPLOY / "observe" / "grafana" / "mien.json").read_text())

SAMPLE = re.compile(r"^(\w+)(?:\{(.*)\})? \S+$", re.M)
SELECTED = re.compile(r"\b(mien_\w+)(?:\{([^}]*)\})?")


@pytest.mark.parametrize("path", PLAIN, ids=lambda path: path.name)
def test_every_file_is_yaml(path: Path) -> None:
    assert isinstance(yaml.safe_load(path.read_text()), dict)


def test_the_values_fit_their_schema() -> None:
    jsonschema.Draft7Validator.check_schema(SCHEMA)
    jsonschema.Draft7Validator(SCHEMA).validate(VALUES)


@pytest.mark.parametrize(
    ("part", "change"),
    [
        ("shards", 0),
        ("replicas", 3),
        ("settings", {"MIEN_TOKENS": "open"}),
        ("settings", {"MIEN_SHARDS": "4"}),
        ("redis", VALUES["redis"] | {"prot": 6379}),
        ("data", VALUES["data"] | {"size": "large"}),
        ("data", VALUES["data"] | {"accessMode": "ReadOnlyMany"}),
    ],
)
def test_wrong_values_are_refused(part: str, change: Any) -> None:
    with pytest.raises(jsonschema.ValidationError):
        jsonschema.Draft7Validator(SCHEMA).validate(VALUES | {part: change})


def test_templates_use_existing_values() -> None:
    for name, text in TEMPLATES.items():
        for path in re.findall(r"\.Values\.([A-Za-z_.]+)", text):
            found: Any = VALUES
            for word in path.split("."):
                assert word in found, f"{name}: .Values.{path}"
                found = found[word]


def test_templates_close_what_they_open() -> None:
    for name, text in TEMPLATES.items():
        opened = re.findall(r"\{\{-? *(?:if|with|range|define)\b", text)
        assert len(opened) == len(re.findall(r"\{\{-? *end\b", text)), name
        assert text.count("{{") == text.count("}}"), name


def test_keda_counts_the_queue_that_the_workers_read() -> None:
    assert f'stream: "{JOB_QUEUE}"\n' in TEMPLATES["jobs.yaml"]


@pytest.mark.skipif(shutil.which("helm") is None, reason="helm is not installed")
def test_helm_lint_passes() -> None:
    output = subprocess.run(["helm", "lint", "--strict", CHART], capture_output=True, text=True, check=False)
    assert output.returncode == 0, output.stdout


def queries() -> list[str]:
    expressions = [target["expr"] for panel in DASHBOARD["panels"] for target in panel["targets"]]
    return expressions + [variable["query"]["query"] for variable in DASHBOARD["templating"]["list"]]


def labels(text: str) -> set[str]:
    """Return the names of labels, as in `source="lobby",le="0.1"`."""
    return set(re.findall(r"(\w+)=~?\"", text))


def test_the_dashboard_uses_existing_metrics_and_labels(redis_url: str, tmp_path: Path) -> None:
    configure(redis_url)
    with connect(redis_url) as client:
        client.hset(counts_key("lobby"), READINGS, 1)
    with serving(redis_url, tmp_path) as api:
        output = httpx.get(f"{api.http}/metrics").text
    exposed: dict[str, set[str]] = {}
    for name, found in SAMPLE.findall(output):
        exposed.setdefault(name, set()).update(labels(found))
    for query in queries():
        for name, selected in SELECTED.findall(query):
            used = labels(selected) | set(re.findall(r"\w+", "".join(re.findall(r"by \(([^)]*)\)", query))))
            assert name in exposed, query
            assert used <= exposed[name], query


def test_panels_do_not_overlap_and_find_their_source() -> None:
    taken: set[tuple[int, int]] = set()
    for panel in DASHBOARD["panels"]:
        place = panel["gridPos"]
        cells = {
            (x, y)
            for x in range(place["x"], place["x"] + place["w"])
            for y in range(place["y"], place["y"] + place["h"])
        }
        assert not cells & taken, panel["title"]
        taken |= cells
    [source] = yaml.safe_load((DEPLOY / "observe" / "grafana" / "datasource.yaml").read_text())["datasources"]
    assert {panel["datasource"]["uid"] for panel in DASHBOARD["panels"]} == {source["uid"]}
