"""Recordings over REST: added, limited, shown, cancelled, and deleted with all files."""

import json
import socket
import threading
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any

import httpx
import numpy as np
import pytest

from api.cli import main
from api.jobs.live_priority import LivePriority
from api.jobs.queue import Queue
from api.jobs.worker import Worker, WorkerConfig
from api.settings import RecordingLimits
from ingest.bus.connection import connect
from ingest.bus.keys import JOB_QUEUE
from tests.api.jobs.working import ROOMY
from tests.api.serving import Api, serving
from tests.api.verbs.portrait_clips import face_clip, scene
from tests.clips import even, make_clip
from tests.pictures import write_turned
from tests.waiting import until


@pytest.fixture(scope="module")
def clip(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return make_clip(tmp_path_factory.mktemp("clip") / "clip.mp4", even(50), size=(160, 120))


@pytest.fixture
def media(tmp_path: Path, clip: Path) -> Path:
    folder = tmp_path / "media"
    folder.mkdir()
    (folder / "clip.mp4").write_bytes(clip.read_bytes())
    (folder / "notes.txt").write_text("no video\n")
    return folder


@pytest.fixture
def api(redis_url: str, media: Path) -> Iterator[Api]:
    with serving(redis_url, media) as api:
        yield api


def post(api: Api, **body: Any) -> httpx.Response:
    return httpx.post(f"{api.http}/v1/recordings", json=body, timeout=20)


def upload(api: Api, content: Any, name: str = "clip.mp4", **headers: str) -> httpx.Response:
    url = f"{api.http}/v1/recordings/upload"
    return httpx.post(url, params={"name": name}, content=content, headers=headers, timeout=20)


def field_errors(response: httpx.Response) -> dict[str, str]:
    return {each["field"]: each["detail"] for each in response.json().get("errors", ())}


def left_over(api: Api) -> list[Path]:
    """Return all files and folders of recordings."""
    folder = api.data / "recordings"
    return list(folder.rglob("*")) if folder.exists() else []


def test_a_file_of_the_media_folder_is_queued(api: Api) -> None:
    added = post(api, path="clip.mp4", rate="all")
    assert added.status_code == 201
    recording = added.json()
    assert added.headers["location"] == f"/v1/recordings/{recording['id']}"
    expected = {
        "name": "clip.mp4",
        "state": "queued",
        "rate": "all",
        "duration": 2.0,
        "width": 160,
        "height": 120,
        "progress": 0.0,
        "eta": None,
        "files": [],
        "has_video": True,
    }
    assert {name: recording[name] for name in expected} == expected
    assert httpx.get(f"{api.http}/v1/recordings").json() == [recording]


def test_a_queued_recording_can_be_cancelled_and_stays_so(api: Api) -> None:
    path = post(api, path="clip.mp4").headers["location"]
    cancelled = httpx.post(f"{api.http}{path}/cancel").json()
    assert (cancelled["state"], cancelled["ended_at"] is None) == ("aborted", False)
    assert httpx.post(f"{api.http}{path}/cancel").json() == cancelled


@pytest.mark.parametrize(
    "path", ["../secret.mp4", "/etc/passwd", "link.mp4", "gone.mp4", "a" * 300, "a\0b", "."]
)
def test_only_files_of_the_media_folder_are_read(api: Api, path: str) -> None:
    secret = api.media.parent / "secret.mp4"
    secret.write_bytes((api.media / "clip.mp4").read_bytes())
    (api.media / "link.mp4").symlink_to(secret)
    answer = post(api, path=path)
    assert answer.status_code == 422
    assert set(field_errors(answer)) == {"path"}
    assert left_over(api) == []


def test_prohibited_purposes_are_refused_before_the_upload(api: Api) -> None:
    assert set(field_errors(post(api, path="clip.mp4", purpose="workplace"))) == {"purpose"}
    url = f"{api.http}/v1/recordings/upload"
    refused = httpx.post(url, params={"name": "clip.mp4", "purpose": "education"}, content=bytes(10))
    assert set(field_errors(refused)) == {"purpose"}
    allowed = post(api, path="clip.mp4", purpose="workplace", ground="safety").json()
    assert (allowed["purpose"], allowed["ground"]) == ("workplace", "safety")
    assert post(api, path="clip.mp4").json()["purpose"] == "personal"


def test_a_file_that_is_no_video_is_refused(api: Api) -> None:
    answer = post(api, path="notes.txt")
    assert (answer.status_code, field_errors(answer)) == (422, {"path": "not a video"})
    uploaded = upload(api, b"no video\n", "notes.txt")
    assert (uploaded.status_code, field_errors(uploaded)) == (422, {"file": "not a video"})
    assert upload(api, b"").status_code == 422
    assert left_over(api) == []


@pytest.mark.parametrize(
    ("limits", "expected"),
    [
        (RecordingLimits(duration=1.0, reserve=0), "a video may last 1 s; this one lasts 2 s"),
        (
            RecordingLimits(pixels=100, reserve=0),
            "a picture has 160x120 pixels: MIEN_PIXELS_LIMIT must be at least that to read it",
        ),
    ],
)
def test_a_video_beyond_the_limits_is_refused(
    redis_url: str, media: Path, limits: RecordingLimits, expected: str
) -> None:
    with serving(redis_url, media, limits=limits) as api:
        answer = upload(api, (media / "clip.mp4").read_bytes())
        assert (answer.status_code, field_errors(answer)) == (422, {"file": expected})
        assert left_over(api) == []


def test_an_upload_beyond_the_limit_is_refused(redis_url: str, media: Path) -> None:
    def endless() -> Iterator[bytes]:
        while True:
            yield bytes(65536)

    with serving(redis_url, media, limits=RecordingLimits(upload=1_000_000, reserve=0)) as api:
        assert upload(api, bytes(1_000_001)).status_code == 413
        with suppress(httpx.WriteError):  # the connection is closed before all is sent
            assert upload(api, endless()).status_code == 413
        until(lambda: left_over(api) == [], 5, "nothing is left")


def test_an_upload_onto_a_full_disk_is_refused(redis_url: str, media: Path) -> None:
    with serving(redis_url, media, limits=RecordingLimits(reserve=10**18)) as api:
        answer = upload(api, (media / "clip.mp4").read_bytes())
        assert answer.status_code == 507
        assert answer.json()["detail"].startswith("no room for the recording: ")
        assert left_over(api) == []


def test_an_upload_that_breaks_off_leaves_nothing(api: Api) -> None:
    with socket.create_connection(("127.0.0.1", api.port)) as connection:
        request = "POST /v1/recordings/upload?name=clip.mp4 HTTP/1.1"
        head = "\r\n".join([request, "Host: 127.0.0.1", "Content-Length: 9000000", "\r\n"])
        connection.sendall(head.encode() + bytes(3_000_000))
        until(lambda: left_over(api), 5, "a part")
    until(lambda: left_over(api) == [], 5, "nothing is left")
    assert httpx.get(f"{api.http}/v1/recordings").json() == []


def test_an_uploaded_video_can_be_played_in_ranges_and_is_deleted_whole(api: Api, redis_url: str) -> None:
    video = (api.media / "clip.mp4").read_bytes()
    path = upload(api, video, "../../evil\\clip.mp4").headers["location"]
    assert httpx.get(f"{api.http}{path}").json()["name"] == "clip.mp4"
    part = httpx.get(f"{api.http}{path}/video", headers={"Range": "bytes=10-19"})
    assert (part.status_code, part.content) == (206, video[10:20])
    assert part.headers["content-type"] == "video/mp4"
    assert part.headers["content-disposition"].startswith("inline")
    assert httpx.delete(f"{api.http}{path}").status_code == 204
    assert httpx.get(f"{api.http}{path}").status_code == 404
    assert httpx.delete(f"{api.http}{path}").status_code == 404
    assert left_over(api) == []
    with connect(redis_url) as client:
        assert [key for key in client.keys("*job*") if key != JOB_QUEUE.encode()] == []
        assert client.xlen(JOB_QUEUE) == 0


@pytest.mark.parametrize("part", ["", "/timeline", "/overview", "/video", "/files/readings.csv"])
def test_an_unknown_recording_is_not_found(api: Api, part: str) -> None:
    assert httpx.get(f"{api.http}/v1/recordings/0123456789ab{part}").status_code == 404


@pytest.mark.parametrize("part", ["timeline", "overview"])
def test_readings_of_another_version_are_a_conflict(api: Api, part: str) -> None:
    recording = post(api, path="clip.mp4").json()["id"]
    parts = api.data / "recordings" / recording / "parts"
    parts.mkdir()
    (parts / "1.json").write_text('{"version": 0}')
    answer = httpx.get(f"{api.http}/v1/recordings/{recording}/{part}")
    assert (answer.status_code, "another version" in answer.json()["detail"]) == (409, True)


def test_from_the_command_line_to_the_files(
    redis_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    clip = face_clip(tmp_path / "face.mp4", even(125))
    media = tmp_path / "media"
    media.mkdir()
    with serving(redis_url, media) as api, connect(redis_url, retries=0) as client:
        monkeypatch.setenv("MIEN_URL", api.http)
        worker = Worker(Queue(client), LivePriority(client), WorkerConfig(api.data, media, ROOMY))
        assert main(["recordings", "add", str(clip)]) == 0
        photos = [upload_photo(api, tmp_path / name) for name in ("photo.heic", "photo.avif")]
        thread = threading.Thread(target=lambda: worker.run(until_empty=True))
        thread.start()
        recordings = httpx.get(f"{api.http}/v1/recordings").json()
        (recording,) = [each for each in recordings if each["name"] == "face.mp4"]
        address = f"{api.http}/v1/recordings/{recording['id']}"
        thread.join(60)
        done = httpx.get(address).json()
        assert (done["state"], done["progress"], done["faces"]) == ("completed", 1.0, 1)
        check_time_slice(address, done)
        check_overview(address)
        for photo in photos:
            check_photo(photo)
        assert main(["recordings", "fetch", recording["id"], "--out", str(tmp_path / "out")]) == 0
        fetched = {path.name: path.stat().st_size for path in (tmp_path / "out").iterdir()}
        assert fetched == {file["name"]: file["size"] for file in done["files"]}
        assert len(fetched) == 7
        assert main(["recordings", "list"]) == 0
        assert main(["recordings", "cancel", recording["id"]]) == 1
        assert main(["recordings", "remove", recording["id"]]) == 0
        assert left_over(api) == []
    output = capfd.readouterr()
    assert f"added {recording['id']}: face.mp4" in output.out
    assert "completed  100%" in output.out
    assert output.err == "mien: the recording cannot be cancelled: its reading is over\n"


def upload_photo(api: Api, file: Path) -> str:
    """Upload a turned photo of a face; return the address of the recording."""
    shown = np.ascontiguousarray(scene(0, (640, 360))[..., ::-1])
    added = upload(api, write_turned(file, shown, 6).read_bytes(), file.name)
    assert (added.json()["width"], added.json()["height"], added.json()["duration"]) == (640, 360, 0)
    return api.http + added.headers["location"]


def check_photo(address: str) -> None:
    """Expect one face in a photo that was read, and that nothing of it is left when it is removed."""
    done = httpx.get(address).json()
    assert (done["state"], done["faces"], done["readings"], done["duration"]) == ("completed", 1, 1, 0)
    summary = httpx.get(f"{address}/files/summary.json").json()
    assert (summary["kind"], summary["width"], summary["height"]) == ("picture", 640, 360)
    assert httpx.delete(address).status_code == 204


def check_time_slice(address: str, done: dict[str, Any]) -> None:
    time_slice = httpx.get(f"{address}/timeline", params={"from": 2, "to": 4}).json()
    times = [reading["media_time"] for reading in time_slice["readings"]]
    assert times == sorted(times)
    assert (len(times), times[0] >= 2, times[-1] < 4, time_slice["until"]) == (25, True, True, 5.0)
    whole = httpx.get(f"{address}/timeline").json()
    assert len(whole["readings"]) == done["readings"]
    assert {span["track"] for span in whole["spans"]} == {1}
    assert sum(period["frames"] for period in whole["coverage"]) == 63
    assert httpx.get(f"{address}/timeline", params={"from": 0, "to": 61}).status_code == 422
    assert httpx.get(f"{address}/timeline", params={"from": 5, "to": 5}).status_code == 422


def check_overview(address: str) -> None:
    overview = httpx.get(f"{address}/overview").json()
    (face,) = overview["tracks"]
    assert face["times"] == [0, 1000, 2000, 3000, 4000]
    assert [len(face["values"]), len(face["labels"])] == [5, 5]
    assert overview["until"] == 5.0
    assert json.dumps(overview["coverage"]).count("observed") >= 1
