"""REST of timelines, previews and model cards, and the protection of all routes."""

import threading
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import httpx
import pytest

from ingest.bus.connection import connect
from ingest.bus.previews import Previews
from tests.api.problem_details import problem
from tests.api.serving import Api, configure, reading, serving, write
from tests.waiting import until

CAMERA = {"name": "Front door", "url": "rtsp://viewer:planted@192.0.2.7/1?key=planted"}


@pytest.fixture
def api(redis_url: str, tmp_path: Path) -> Iterator[Api]:
    with serving(redis_url, tmp_path) as served:
        yield served


@pytest.fixture
def http(api: Api) -> Iterator[httpx.Client]:
    with httpx.Client(base_url=api.http) as client:
        yield client


def test_a_timeline_is_read_in_pages(api: Api, http: httpx.Client) -> None:
    configure(api.redis_url)
    write(api.redis_url, [reading(number) for number in range(25)])
    frames, cursors, query = [], [], {"limit": "10"}
    while True:
        page = http.get("/v1/timelines/lobby", params=query).raise_for_status().json()
        frames += [message["frame"] for message in page["messages"]]
        cursors += [message["cursor"] for message in page["messages"]]
        query = {"limit": "10", "after": page["next"]}
        if not page["more"]:
            break
    assert frames == list(range(25))
    between = http.get("/v1/timelines/lobby", params={"after": cursors[3], "before": cursors[7]}).json()
    assert [message["frame"] for message in between["messages"]] == [4, 5, 6]
    assert len(http.get("/v1/timelines/lobby", params={"from": "-1m"}).json()["messages"]) == 25
    future = (datetime.now(UTC) - timedelta(seconds=-1)).isoformat()
    problem(http.get("/v1/timelines/lobby", params={"from": future}), 422)


@pytest.mark.parametrize("query", ["after=x", "after=99999999999999-0", "from=today", "before=1", "limit=0"])
def test_a_bad_cursor_is_a_problem(api: Api, http: httpx.Client, query: str) -> None:
    configure(api.redis_url)
    problem(http.get(f"/v1/timelines/lobby?{query}"), 422)
    problem(http.get("/v1/timelines/nobody"), 404)


def test_a_preview_is_requested_from_ingest_and_has_its_time(api: Api, http: httpx.Client) -> None:
    configure(api.redis_url)

    def decode() -> None:
        with connect(api.redis_url) as client:
            until(lambda: Previews(client).is_watched("lobby"), 5, "the preview is requested")
            Previews(client).put("lobby", b"\xff\xd8picture", 1_500_000_000)

    child = threading.Thread(target=decode)
    child.start()
    answer = http.get("/v1/sources/lobby/preview.jpg")
    child.join()
    assert answer.content == b"\xff\xd8picture"
    assert (answer.headers["content-type"], answer.headers["media-time"]) == ("image/jpeg", "1.500000")


def test_model_cards_are_returned_unchanged(http: httpx.Client) -> None:
    for card in http.get("/v1/models").json():
        assert {"name", "sha256", "metrics"} <= card.keys()


def test_requests_from_other_sites_are_refused(api: Api, http: httpx.Client) -> None:
    problem(http.get("/v1/sources", headers={"host": "evil.example"}), 403)
    problem(http.get("/", headers={"host": f"evil.example:{api.port}"}), 403)
    foreign = {"origin": "https://evil.example"}
    problem(http.post("/v1/sources", json=CAMERA, headers=foreign), 403)
    problem(http.delete("/v1/sources/lobby", headers={"origin": "null"}), 403)
    own = {"origin": api.http}
    assert http.post("/v1/sources", json=CAMERA, headers=own).status_code == 201
    assert http.get("/v1/sources", headers={"host": f"localhost:{api.port}"}).status_code == 200


def test_every_answer_carries_the_security_headers(http: httpx.Client) -> None:
    for path in ("/", "/style.css", "/v1/sources", "/v1/nothing"):
        headers = http.get(path).headers
        assert "frame-ancestors 'none'" in headers["content-security-policy"]
        assert "unsafe" not in headers["content-security-policy"]
        assert headers["x-content-type-options"] == "nosniff"
