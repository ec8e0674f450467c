"""Timelines by range and format, and an hour at a glance."""

import gzip
import json
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest

from engine.rollup import Rollup
from engine.wire import encode_seconds
from ingest.bus import Bus, connect
from tests.api.serving import Api, configure, coverage, reading, serving, write


@pytest.fixture
def api(redis_url: str, tmp_path: Path) -> Iterator[Api]:
    configure(redis_url)
    with serving(redis_url, tmp_path) as served:
        yield served


@pytest.fixture
def http(api: Api) -> Iterator[httpx.Client]:
    with httpx.Client(base_url=f"{api.http}/v1/timelines") as client:
        yield client


def problem(response: httpx.Response, status: int) -> dict[str, Any]:
    assert response.status_code == status
    assert response.headers["content-type"] == "application/problem+json"
    body: dict[str, Any] = response.json()
    return body


def write_seconds(redis_url: str, count: int) -> None:
    """`count` seconds of face 1, happy, and of face 2, who comes in the second one and cannot be read."""
    rollup = Rollup("lobby")
    with connect(redis_url) as client:
        for number in range(10 * count + 1):
            faces = [reading(number)] if number < 10 else [reading(number), reading(number, None, track=2)]
            told = [second for face in faces for second in rollup.add(face)]
            Bus(client).push_timeline(encode_seconds(told))


def test_the_overview_has_each_faces_seconds_and_the_coverage(api: Api, http: httpx.Client) -> None:
    before = time.time() * 1000
    write_seconds(api.redis_url, 3)
    write(api.redis_url, [coverage("observed", 30, 3, 3)])
    shown = http.get("/lobby/overview").json()
    assert (shown["source"], shown["step"]) == ("lobby", 1.0)
    first, second = shown["tracks"]
    assert (first["track"], first["labels"], first["values"]) == (1, [3] * 3, [[4, 4, 4, 76, 4, 4, 4]] * 3)
    assert (second["track"], second["labels"]) == (2, [-1] * 2)
    assert before - 1 <= first["times"][0] <= first["times"][1] <= first["times"][2] <= time.time() * 1000
    (stretch,) = shown["coverage"]
    assert (stretch["kind"], stretch["frames"]) == ("observed", 30)
    assert stretch.keys() == {"kind", "frames", "started_at", "ended_at"}


def test_messages_after_the_overviews_cursor_tell_what_follows(api: Api, http: httpx.Client) -> None:
    write_seconds(api.redis_url, 1)
    until = http.get("/lobby/overview").json()["until"]
    write(api.redis_url, [reading(number) for number in (20, 21)])
    page = http.get("/lobby", params={"after": until}).json()
    assert [message["frame"] for message in page["messages"]] == [20, 21]


def test_an_empty_page_gives_a_cursor_to_go_on_from(api: Api, http: httpx.Client) -> None:
    page = http.get("/lobby", params={"from": "-1s"}).json()
    assert (page["messages"], page["more"]) == ([], False)
    write(api.redis_url, [reading(1)])
    again = http.get("/lobby", params={"after": page["next"]}).json()
    assert [message["frame"] for message in again["messages"]] == [1]


def test_an_empty_overview_still_says_where_to_go_on(api: Api, http: httpx.Client) -> None:
    shown = http.get("/lobby/overview", params={"from": "-30s"}).json()
    assert (shown["tracks"], shown["coverage"]) == ([], [])
    write(api.redis_url, [reading(1)])
    page = http.get("/lobby", params={"after": shown["until"]}).json()
    assert [message["frame"] for message in page["messages"]] == [1]


def test_the_overview_comes_packed_where_that_is_understood(api: Api, http: httpx.Client) -> None:
    write_seconds(api.redis_url, 3)
    plain = http.get("/lobby/overview", headers={"accept-encoding": "identity"})
    assert "content-encoding" not in plain.headers
    with http.stream("GET", "/lobby/overview", headers={"accept-encoding": "gzip"}) as packed:
        assert packed.headers["content-encoding"] == "gzip"
        assert packed.headers["vary"] == "Accept-Encoding"
        body = json.loads(gzip.decompress(b"".join(packed.iter_raw())))
    assert body["tracks"] == plain.json()["tracks"]


@pytest.mark.parametrize(
    ("query", "why"),
    [
        ("from=-7h", "at most 6 hours"),
        ("from=today", "from: expected -30s, -10m, -1h or a moment"),
        ("from=-1m&to=-2m", "to: expected a range that ends after it begins"),
        ("to=soon", "to: expected -30s"),
    ],
)
def test_a_stretch_that_cannot_be_is_a_problem(http: httpx.Client, query: str, why: str) -> None:
    assert why in problem(http.get(f"/lobby/overview?{query}"), 422)["detail"]


def test_nobody_has_no_overview(http: httpx.Client) -> None:
    problem(http.get("/nobody/overview"), 404)
