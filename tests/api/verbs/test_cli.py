"""The command itself: fast help, verbs that pass their arguments on, one line for each error."""

import socket
import subprocess
import sys
from pathlib import Path

import pytest

from tests.api.verbs.commanding import call, run, start

HEAVY = ("av", "cv2", "numpy", "onnxruntime", "pyarrow", "fastapi", "redis", "tqdm")


def test_help_loads_nothing_heavy() -> None:
    program = (
        "import sys; from api.cli import main\n"
        "try: main(['--help'])\n"
        f"except SystemExit: print('loaded', *[name for name in {HEAVY!r} if name in sys.modules])"
    )
    ran = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert "run " in ran.stdout
    assert ran.stdout.splitlines()[-1] == "loaded"


@pytest.mark.parametrize("words", [("run", "--help"), ("sources", "add", "--help"), ("models", "--help")])
def test_each_verb_has_help(capfd: pytest.CaptureFixture[str], words: tuple[str, ...]) -> None:
    called = call(capfd, *words)
    assert called.code == 0
    assert called.out.startswith(f"usage: mien {words[0]}")


@pytest.mark.parametrize("words", [(), ("walk",), ("run",), ("run", "a.mp4"), ("models", "--fast")])
def test_wrong_arguments_print_the_usage(capfd: pytest.CaptureFixture[str], words: tuple[str, ...]) -> None:
    called = call(capfd, *words)
    assert called.code == 2
    assert called.err.startswith("usage: mien")
    assert "Traceback" not in called.err


def test_models_shows_the_cards(capfd: pytest.CaptureFixture[str]) -> None:
    called = call(capfd, "models")
    assert called.code == 0
    for line in ("name: detector", "name: keypoints", "name: emotion", "metrics:", "sha256: "):
        assert line in called.out


@pytest.mark.parametrize("words", [("list",), ("add", "door", "rtsp://192.0.2.1/"), ("remove", "door")])
def test_no_service_is_one_line(
    capfd: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, words: tuple[str, ...]
) -> None:
    with socket.socket() as taken:  # bound but not listening: connections are refused
        taken.bind(("127.0.0.1", 0))
        address = f"http://127.0.0.1:{taken.getsockname()[1]}"
        monkeypatch.setenv("MIEN_URL", address)
        called = call(capfd, "sources", *words)
    assert called.code == 1
    assert called.error_line() == (
        f"no mien service answers at {address}: Connection refused"
        " (start one with `mien serve`, or set MIEN_URL)"
    )


def test_an_invalid_address(capfd: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MIEN_URL", "here")
    called = call(capfd, "sources", "list")
    assert called.code == 1
    assert called.error_line().startswith("no mien service answers at here: ")


def test_a_source_is_added_changed_and_removed(
    capfd: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, redis_url: str, tmp_path: Path
) -> None:
    from tests.api.serving import serving

    with serving(redis_url, tmp_path) as api:
        monkeypatch.setenv("MIEN_URL", api.http)
        added = call(
            capfd, "sources", "add", "Front door", "rtsp://viewer:planted@192.0.2.7/1", "--rate", "5"
        )
        listed = call(capfd, "sources", "list")
        again = call(capfd, "sources", "add", "Front door", "rtsp://192.0.2.7/1")
        wrong = call(capfd, "sources", "add", "Attic", "gopher://192.0.2.7/1")
        changed = call(
            capfd,
            "sources",
            "change",
            "Front door",
            "--purpose",
            "safety",
            "--picture",
            "none",
            "--turn",
            "180",
        )
        shown = call(capfd, "sources", "list", "--json")
        refused = call(capfd, "sources", "change", "front-door", "--purpose", "workplace")
        removed = call(capfd, "sources", "remove", "Front door")
        gone = call(capfd, "sources", "remove", "front-door")
        empty = call(capfd, "sources", "list", "--json")
    assert (added.code, added.out.split(":")[0]) == (0, "added front-door")
    header, row = listed.out.splitlines()
    assert header.split() == ["ID", "NAME", "STATE", "RATE", "URL", "REASON"]
    assert row.startswith("front-door  Front door")
    assert "planted" not in added.out + listed.out
    assert (again.code, wrong.code, gone.code) == (1, 1, 1)
    assert "already" in again.error_line()
    assert "url" in wrong.error_line()
    assert "front-door" in gone.error_line()
    assert changed.out == "changed front-door: rtsp://viewer:***@192.0.2.7/1\n"
    (source,) = shown.json
    assert (source["purpose"], source["picture"], source["rate"]) == ("safety", "none", 5.0)
    assert (source["turn"], source["aspect"]) == ("180", None)
    assert "Art. 5(1)(f)" in refused.error_line()
    assert removed.out == "removed front-door\n"
    assert empty.json == []


def test_a_change_without_fields_is_refused(capfd: pytest.CaptureFixture[str]) -> None:
    called = call(capfd, "sources", "change", "lobby")
    assert (called.code, called.error_line()) == (
        2,
        "nothing to change of lobby: "
        "give at least one of --name, --url, --rate, --purpose, --ground, --picture, --turn, --aspect",
    )


def test_a_recording_that_does_not_exist(
    capfd: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, redis_url: str, tmp_path: Path
) -> None:
    from tests.api.serving import serving

    folder = tmp_path / "media"
    folder.mkdir()
    (folder / "letter.mp4").write_text("no video")
    with serving(redis_url, folder) as api:
        monkeypatch.setenv("MIEN_URL", api.http)
        nowhere = call(capfd, "recordings", "add", "typo.mp4")
        there = call(capfd, "recordings", "add", "letter.mp4")
    assert (nowhere.code, nowhere.error_line()) == (
        1,
        f"typo.mp4: no such file on this machine, and no such file in the media folder {folder}"
        " of the service",
    )
    assert (there.code, there.error_line()) == (1, "path: not a video")


def test_serve_passes_its_arguments_on() -> None:
    output, _ = start("serve", "--help").communicate(timeout=30)
    assert "--media" in output  # an option of deploy.serve


@pytest.mark.parametrize("part", ["ingest", "engine", "jobs", "api"])
def test_a_part_with_help_or_unknown_arguments_does_not_start(part: str) -> None:
    helped = run(part, "--help")
    assert (helped.returncode, helped.stdout.split(":")[0]) == (0, "usage")
    wrong = run(part, "--speed", "9")
    assert wrong.returncode == 2
    assert "unrecognized arguments: --speed 9" in wrong.stderr
