"""Images, compose and chart: their commands, settings, ports, paths and files exist."""

import re
import subprocess
import sys
import tomllib
from functools import cache
from pathlib import Path

import pytest
import yaml

from api.app import create_app
from api.app_settings import AppSettings
from deploy.redis_server import RedisServer, check_server
from tests.deploy.shipped import (
    COMPOSE,
    DOCKERFILE,
    PARTS,
    PLAIN,
    ROOT,
    SERVICES,
    TEMPLATES,
    all_texts,
    commands,
    redis_of_chart,
    redis_of_compose,
)

SETTING = re.compile(r"\b(?:MIEN_[A-Z_]+|REDIS_URL)\b")
REQUESTED = re.compile(
    r"(?:httpGet: \{path: |metrics_path: |^ +path: |MIEN_URL\"\] \+ \")(/[a-z]+)(?=[,\"\n])", re.M
)
PORT = 8400
BY_ALL_PARTS = {"REDIS_URL", "MIEN_TOKENS"}


@cache
def help_of(*verb: str) -> str:
    """Return the help of a command."""
    command = [str(Path(sys.executable).with_name("mien")), *verb, "--help"]
    return subprocess.run(command, capture_output=True, text=True, check=True).stdout


def options_of(words: list[str]) -> set[str]:
    """Return the options of the command of a command line."""
    if words[0] == "supervise":
        words = words[2:]
    verb = words[:2] if words[0] == "tokens" else words[:1]
    return set(re.findall(r"--[a-z-]+", help_of(*verb)))


class ConfiguredServer(RedisServer):
    """A real server with the given settings, on the socket of this test."""

    def __init__(self, folder: Path, settings: dict[str, str]) -> None:
        super().__init__(folder)
        self._settings = {
            name: value for name, value in settings.items() if name not in ("port", "requirepass")
        }

    def command(self) -> list[str]:
        server, *_ = super().command()
        settings = {
            "port": "0",
            "unixsocket": str(self.socket),
            "dir": str(self.socket.parent),
            **self._settings,
        }
        return [server, *(part for name, value in settings.items() for part in (f"--{name}", value))]


def test_every_command_exists() -> None:
    found = list(commands())
    verbs = {"serve", "supervise", "alive", "api", "ingest", "engine", "jobs", "tokens"}
    assert {words[0] for _, words in found} == verbs
    for place, words in found:
        assert {word for word in words if word.startswith("--")} <= options_of(words), place


def test_every_part_runs_in_compose_and_in_the_chart() -> None:
    parts = {"api", "ingest", "engine", "jobs"}
    for among in (PARTS, {name.removesuffix(".yaml") for name in TEMPLATES}):
        assert parts <= set(among)


def test_compose_starts_again_what_hangs() -> None:
    for part in PARTS.values():
        verb, supervised, *_ = part["command"]
        assert (verb, supervised) == ("supervise", part["healthcheck"]["test"][-1])
    assert SERVICES["redis"]["init"] is True  # the process 1 of a container cannot be killed from within
    assert "kill -9 -1" in SERVICES["redis"]["healthcheck"]["test"][1]


def test_every_setting_is_described() -> None:
    described = set(SETTING.findall((ROOT / "docs" / "operations.md").read_text()))
    for place, text in all_texts().items():
        assert set(SETTING.findall(text)) <= described, place


def test_compose_sets_what_all_parts_share() -> None:
    for part in PARTS.values():
        assert part["environment"].keys() == BY_ALL_PARTS


def test_each_port_is_the_api_s() -> None:
    assert f"default: {PORT}" in help_of("api")
    assert f"EXPOSE {PORT}\n" in DOCKERFILE
    assert SERVICES["api"]["ports"] == [f"${{PUBLISH:-127.0.0.1:{PORT}}}:{PORT}"]
    assert f"containerPort: {PORT}}}" in TEMPLATES["api.yaml"]
    [prometheus] = [yaml.safe_load(path.read_text()) for path in PLAIN if path.name == "prometheus.yaml"]
    [collected] = prometheus["scrape_configs"]
    assert collected["static_configs"] == [{"targets": [f"api:{PORT}"]}]


def test_each_requested_path_exists(tmp_path: Path) -> None:
    app = create_app(AppSettings(f"unix://{tmp_path}/none.sock", tmp_path, data=tmp_path))
    served = set(app.openapi()["paths"]) | {getattr(route, "path", "") for route in app.routes}
    requested = {path for text in all_texts().values() for path in REQUESTED.findall(text)}
    assert requested == {"/healthz", "/readyz", "/metrics"}
    assert requested <= served


@pytest.mark.parametrize("settings", [redis_of_compose(), redis_of_chart()], ids=["compose", "chart"])
def test_the_redis_writes_no_pictures_to_its_disk(tmp_path: Path, settings: dict[str, str]) -> None:
    assert settings["stream-node-max-entries"] == "1"
    server = ConfiguredServer(tmp_path, settings)
    server.start()
    try:
        assert check_server(server.url) == ""
    finally:
        server.stop()


def test_redis_is_reached_by_the_parts_alone() -> None:
    assert COMPOSE["networks"]["bus"] == {"internal": True}
    assert SERVICES["redis"]["networks"] == ["bus"]
    assert "ports" not in SERVICES["redis"]
    assert {name for name, service in SERVICES.items() if "bus" in service["networks"]} == {"redis", *PARTS}


def test_by_default_nothing_is_published_beyond_this_machine() -> None:
    published = [port for service in SERVICES.values() for port in service.get("ports", [])]
    assert published
    assert [port for port in published if ":-127.0.0.1:" not in port] == []


def test_the_parts_that_share_recordings_share_a_folder() -> None:
    for part in ("api", "jobs"):
        assert "data:/data" in PARTS[part]["volumes"]
        assert "name: data, mountPath: /data}" in TEMPLATES[f"{part}.yaml"]


def test_no_part_runs_as_root_or_writes_where_it_should_not() -> None:
    stages = DOCKERFILE.split("\nFROM ")[1:]
    final = [stage for stage in stages if re.match(r"\S+ AS (cpu|gpu)\n", stage)]
    assert len(final) == 2
    for stage in final:
        assert "\nUSER 10001:10001\n" in stage
        assert not re.search(r"g\+\+|gcc|-dev\b|-devel", stage)
    for part in PARTS.values():
        assert part["read_only"] is True
        assert part["cap_drop"] == ["ALL"]
    assert "readOnlyRootFilesystem: true" in TEMPLATES["_helpers.tpl"]
    assert "runAsUser: 10001" in TEMPLATES["_helpers.tpl"]


def pattern(text: str) -> re.Pattern[str]:
    """Return a line of .dockerignore as a pattern: `**/` is any folders, `*` stays within one."""
    return re.compile(re.escape(text).replace(r"\*\*/", "(?:.*/)?").replace(r"\*", "[^/]*"))


def test_the_image_gets_all_that_runs_and_no_more() -> None:
    lines = (ROOT / ".dockerignore").read_text().splitlines()
    included = [line[1:] for line in lines if line.startswith("!")]
    assert lines[1] == "*"

    def is_in_context(file: str) -> bool:
        return any(
            file.startswith(one) if one.endswith("/") else pattern(one).fullmatch(file) for one in included
        )

    needed = {
        file.relative_to(ROOT).as_posix()
        for package in ("ingest", "engine", "api", "deploy")
        for file in (ROOT / package).rglob("*.py")
    }
    needed |= set(re.findall(r"requirements/\w+\.txt", DOCKERFILE)) | {"pyproject.toml", "README.md"}
    assert {file for file in needed if not is_in_context(file)} == set()
    assert not any(
        is_in_context(file) for file in ("data/redis/x", ".git/config", "deploy/mien.env", "tests/x.py")
    )


def test_the_packages_bring_their_files_along() -> None:
    data = tomllib.loads((ROOT / "pyproject.toml").read_text())["tool"]["setuptools"]["package-data"]
    for package, globs in data.items():
        brought = {path for glob in globs for path in (ROOT / package).glob(glob)}
        there = {path for path in (ROOT / package).rglob("*.*") if path.suffix not in (".py", ".pyc")}
        assert {path for path in there - brought if path.is_file()} == set()


def test_no_place_names_a_registry() -> None:
    images = re.findall(r"^FROM (\S+)", DOCKERFILE, re.M) + [
        service["image"] for service in SERVICES.values()
    ]
    assert [image for image in images if "." in image.split("/")[0] and "/" in image] == []
