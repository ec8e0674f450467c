"""Files of deploy/ besides its programs: images, compose, chart, and their documentation."""

import json
import re
import shlex
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import yaml

ROOT = Path(__file__).parents[2]
DEPLOY = ROOT / "deploy"
CHART = DEPLOY / "helm" / "mien"
DOCKERFILE = (DEPLOY / "Dockerfile").read_text()
TEMPLATES = {path.name: path.read_text() for path in sorted((CHART / "templates").rglob("*.*"))}
COMPOSE: dict[str, Any] = yaml.safe_load((DEPLOY / "compose.yaml").read_text())
DOCUMENT = (ROOT / "docs" / "deploy.md").read_text()
PLAIN = [path for path in DEPLOY.rglob("*.yaml") if CHART / "templates" not in path.parents]

SERVICES: dict[str, dict[str, Any]] = COMPOSE["services"]
PARTS = {name: service for name, service in SERVICES.items() if service["image"].startswith("mien:")}

EXPRESSION = re.compile(r"\{\{.*?\}\}")


def all_texts() -> dict[str, str]:
    """Return the text of each file by its path."""
    files = [DEPLOY / "Dockerfile", ROOT / ".dockerignore", *PLAIN, *(CHART / "templates").rglob("*.*")]
    return {str(file.relative_to(ROOT)): file.read_text() for file in files} | {"docs/deploy.md": DOCUMENT}


def commands() -> Iterator[tuple[str, list[str]]]:
    """Yield each command line of `mien`, without that word, and its place."""
    for stage in re.findall(r"^(?:CMD|HEALTHCHECK .* CMD) (\[.*\])$", DOCKERFILE, re.M):
        yield "Dockerfile", [word for word in json.loads(stage) if word != "mien"]
    for name, part in PARTS.items():
        yield f"compose {name}", part["command"]
        yield f"compose {name}", part["healthcheck"]["test"][2:]
    for name, text in TEMPLATES.items():
        for line in re.findall(r"^ +args: (\[.+\])$", text, re.M):
            yield name, [str(word) for word in yaml.safe_load(EXPRESSION.sub("0", line))]
        for line in re.findall(r"(?:exec|--) mien (alive|tokens [^\n]+)", text):
            yield name, shlex.split(line)
    for line in re.findall(
        r"(?:^| (?:api|--) )(?:mien )?(tokens (?:add|list).*?)(?: +#.*| >.*)?$", DOCUMENT, re.M
    ):
        yield "deploy.md", shlex.split(line)


def redis_options(arguments: list[str]) -> dict[str, str]:
    """Return the options that a Redis is started with, by name."""
    assert arguments[0] == "valkey-server"
    names, values = arguments[1::2], arguments[2::2]
    return {name.removeprefix("--"): value for name, value in zip(names, values, strict=True)}


def redis_of_compose() -> dict[str, str]:
    return redis_options(shlex.split(SERVICES["redis"]["command"]))


def redis_of_chart() -> dict[str, str]:
    found = re.search(r"\n( +args:\n(?: +- .*\n)+)", TEMPLATES["redis.yaml"])
    assert found is not None
    return redis_options(yaml.safe_load(EXPRESSION.sub("0", found[1]))["args"])
