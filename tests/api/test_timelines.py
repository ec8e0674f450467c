"""Timelines by range and format, and their overview."""

import csv
import gzip
import io
import json
import re
import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import httpx
import pyarrow.parquet as pq
import pytest

from api.exports.tables import READINGS
from api.stream.history import PAGE_SIZE
from engine.live.rollup import Rollup
from engine.records import Span
from engine.wire import encode_seconds
from ingest.bus.connection import connect
from ingest.bus.timeline import Timeline
from tests.api.problem_details import problem
from tests.api.serving import Api, configure, coverage, reading, serving, write
from tests.api.serving import write_seconds as write_face


@pytest.fixture
def api(redis_url: str, tmp_path: Path) -> Iterator[Api]:
    configure(redis_url)
    with serving(redis_url, tmp_path) as served:
        yield served


@pytest.fixture
def http(api: Api) -> Iterator[httpx.Client]:
    with httpx.Client(base_url=f"{api.http}/v1/timelines") as client:
        yield client


def write_seconds(redis_url: str, count: int) -> None:
    """Write `count` seconds of a happy face 1, and from the second one on of an unreadable face 2."""
    rollup = Rollup("lobby")
    with connect(redis_url) as client:
        for number in range(10 * count + 1):
            faces = [reading(number)] if number < 10 else [reading(number), reading(number, None, track=2)]
            events = [second for face in faces for second in rollup.add(face)]
            Timeline(client).push(encode_seconds(events))


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
    (period,) = shown["coverage"]
    assert (period["kind"], period["frames"]) == ("observed", 30)
    assert period.keys() == {"kind", "frames", "started_at", "ended_at"}


def test_a_long_overview_is_complete_and_in_order(api: Api, http: httpx.Client) -> None:
    write_face(api.redis_url, "fear", ago=1300, length=1200)
    (track,) = http.get("/lobby/overview").json()["tracks"]
    assert len(track["times"]) == 1200 > 2 * PAGE_SIZE
    assert track["times"] == sorted(track["times"])
    (later,) = http.get("/lobby/overview", params={"from": "-20m", "to": "-10m"}).json()["tracks"]
    assert 599 <= len(later["times"]) <= 600
    assert later["times"] == [time for time in track["times"] if time in set(later["times"])]


def test_messages_continue_after_the_cursor_of_the_overview(api: Api, http: httpx.Client) -> None:
    write_seconds(api.redis_url, 1)
    until = http.get("/lobby/overview").json()["until"]
    write(api.redis_url, [reading(number) for number in (20, 21)])
    page = http.get("/lobby", params={"after": until}).json()
    assert [message["frame"] for message in page["messages"]] == [20, 21]


def test_a_page_and_a_file_report_deleted_messages(api: Api, http: httpx.Client) -> None:
    write(api.redis_url, [reading(1)])
    old, new = {"after": "1000-0"}, {"from": "-10m"}
    page = http.get("/lobby", params=old).json()
    assert (
        page["expired"]
        == "the cursor is older than the 24 hours of retention: older entries have been deleted"
    )
    assert [message["frame"] for message in page["messages"]] == [1]
    assert http.get("/lobby", params=old | {"format": "csv"}).headers["expired"] == page["expired"]
    for query in (new, {"after": "0"}, {}):
        assert http.get("/lobby", params=query).json()["expired"] is None
        assert "expired" not in http.get("/lobby", params=query | {"format": "csv"}).headers


def test_an_empty_page_has_a_cursor_to_continue_after(api: Api, http: httpx.Client) -> None:
    page = http.get("/lobby", params={"from": "-1s"}).json()
    assert (page["messages"], page["more"]) == ([], False)
    write(api.redis_url, [reading(1)])
    again = http.get("/lobby", params={"after": page["next"]}).json()
    assert [message["frame"] for message in again["messages"]] == [1]


def test_an_empty_overview_has_a_cursor_to_continue_after(api: Api, http: httpx.Client) -> None:
    shown = http.get("/lobby/overview", params={"from": "-30s"}).json()
    assert (shown["tracks"], shown["coverage"]) == ([], [])
    write(api.redis_url, [reading(1)])
    page = http.get("/lobby", params={"after": shown["until"]}).json()
    assert [message["frame"] for message in page["messages"]] == [1]


def test_the_overview_is_compressed_for_clients_that_accept_gzip(api: Api, http: httpx.Client) -> None:
    write_seconds(api.redis_url, 3)
    plain = http.get("/lobby/overview", headers={"accept-encoding": "identity"})
    assert "content-encoding" not in plain.headers
    with http.stream("GET", "/lobby/overview", headers={"accept-encoding": "gzip"}) as compressed:
        assert compressed.headers["content-encoding"] == "gzip"
        assert compressed.headers["vary"] == "Accept-Encoding"
        body = json.loads(gzip.decompress(b"".join(compressed.iter_raw())))
    assert body["tracks"] == plain.json()["tracks"]


@pytest.mark.parametrize(
    ("query", "why"),
    [
        ("from=-7h", "at most 6 hours"),
        ("from=today", "from: must be -30s, -10m, -1h or a moment"),
        ("from=-1m&to=-2m", "to: the range must end after it begins"),
        ("to=soon", "to: must be -30s"),
    ],
)
def test_an_invalid_range_of_the_overview_is_a_problem(http: httpx.Client, query: str, why: str) -> None:
    assert why in problem(http.get(f"/lobby/overview?{query}"), 422)["detail"]


def test_an_unknown_source_has_no_overview(http: httpx.Client) -> None:
    problem(http.get("/nobody/overview"), 404)


FORMATS = {
    "jsonl": "application/x-ndjson",
    "csv": "text/csv; charset=utf-8",
    "parquet": "application/vnd.apache.parquet",
    "vtt": "text/vtt; charset=utf-8",
}


def write_story(redis_url: str, count: int = 12) -> None:
    """Write readings, then a span over them and coverage."""
    write(redis_url, [reading(number, ago=1 - number / 100) for number in range(count)])
    started = datetime.now(UTC) - timedelta(seconds=2)
    events = Span("lobby", 1, "happy", 0, 1, started, started + timedelta(seconds=1.5), 0.76)
    write(redis_url, [events, coverage("observed", count, 2, 2)])


@pytest.mark.parametrize("format", FORMATS)
def test_a_format_is_chosen_by_name_or_by_header(api: Api, http: httpx.Client, format: str) -> None:
    write_story(api.redis_url)
    named = http.get("/lobby", params={"format": format})
    accepted = http.get("/lobby", headers={"accept": f"image/png, {FORMATS[format].split(';')[0]};q=0.5"})
    assert named.headers["content-type"] == accepted.headers["content-type"] == FORMATS[format]
    assert named.content == accepted.content
    assert named.headers["content-disposition"] == f'attachment; filename="lobby.{format}"'
    last = http.get("/lobby").json()["messages"][-1]["cursor"]
    assert named.headers["next-cursor"] == last
    assert "link" not in named.headers


def test_the_name_of_a_file_is_plain_whatever_the_source_is_called(api: Api, http: httpx.Client) -> None:
    configure(api.redis_url, '..\u043b"1"')
    file = http.get("/..%D0%BB%221%22?format=csv")
    assert file.headers["content-disposition"] == 'attachment; filename="%D0%BB%221%22.csv"'


def test_the_accept_header_must_allow_a_format(http: httpx.Client) -> None:
    for accepted in ("image/png", "text/csv;q=0"):
        assert "text/csv" in problem(http.get("/lobby", headers={"accept": accepted}), 406)["detail"]
    assert http.get("/lobby", headers={"accept": "text/csv;q=0, */*"}).json()["messages"] == []
    assert http.get("/lobby", headers={"accept": "text/*"}).headers["content-type"].startswith("text/csv")
    assert http.get("/lobby", headers={"accept": "text/csv;q=x, application/json;q=0.1"}).json()["source"]


def test_rows_have_the_values_of_the_messages(api: Api, http: httpx.Client) -> None:
    write_story(api.redis_url)
    messages = [message for message in http.get("/lobby").json()["messages"] if message["type"] == "reading"]
    rows = list(csv.DictReader(io.StringIO(http.get("/lobby", params={"format": "csv"}).text)))
    stored = pq.read_table(io.BytesIO(http.get("/lobby", params={"format": "parquet"}).content)).to_pylist()
    assert len(messages) == len(rows) == len(stored) == 12
    for message, row, record in zip(messages, rows, stored, strict=True):
        assert tuple(row) == tuple(record) == READINGS.columns
        assert row["captured_at"] == message["captured_at"]
        assert record["captured_at"] == datetime.fromisoformat(message["captured_at"])  # UTC
        assert row["label"] == record["label"] == "happy"
        assert float(row["media_time"]) == record["media_time"] == message["media_time"]
        assert float(row["raw_happy"]) == pytest.approx(record["raw_happy"]) == message["raw"]["happy"]
        assert (
            float(row["nose_tip_y"])
            == pytest.approx(record["nose_tip_y"])
            == message["keypoints"]["nose_tip"][1]
        )
        assert float(row["bottom"]) == pytest.approx(record["bottom"]) == message["box"][3]


@pytest.mark.parametrize("format", ["csv", "parquet"])
def test_columns_have_py_feats_names_on_request(api: Api, http: httpx.Client, format: str) -> None:
    write(api.redis_url, [reading(615, "angry", track=4)])
    answer = http.get("/lobby", params={"format": format, "columns": "fex"})
    if format == "csv":
        (row,) = csv.DictReader(io.StringIO(answer.text))
    else:
        (row,) = pq.read_table(io.BytesIO(answer.content)).to_pylist()
    names = "FaceRectX FaceRectY FaceRectWidth FaceRectHeight FaceScore frame approx_time input Identity"
    emotions = "anger disgust fear happiness sadness surprise neutral"
    assert list(row) == [*names.split(), *emotions.split()]
    assert [float(row[name]) for name in names.split()[:4]] == [0.25, 0.25, 0.5, 0.5]
    assert (row["approx_time"], row["input"], row["Identity"]) == ("01:01.500", "lobby", "Person_4")
    assert int(row["frame"]) == 615
    assert float(row["anger"]) == pytest.approx(0.76)
    assert float(row["neutral"]) == pytest.approx(0.04)


def test_spans_become_cues_on_the_clock_of_the_range(api: Api, http: httpx.Client) -> None:
    write_story(api.redis_url)
    text = http.get("/lobby", params={"format": "vtt"}).text
    assert text.startswith("WEBVTT\n\nNOTE 00:00:00.000 is 20")
    assert "\n00:00:00.000 --> 00:00:01.500\n<v face 1>face 1: happy 76 %</v>\n" in text
    later = http.get("/lobby", params={"format": "vtt", "from": "-60s"}).text
    assert re.search(r"\n00:00:5\d\.\d{3} --> 00:00:5\d\.\d{3}\n", later)


def test_a_page_may_be_larger_than_one_read_of_redis(api: Api, http: httpx.Client) -> None:
    write(api.redis_url, [reading(number) for number in range(2 * PAGE_SIZE)])
    for limit in (PAGE_SIZE - 1, PAGE_SIZE + 7, 2 * PAGE_SIZE, 2 * PAGE_SIZE + 1):
        page = http.get("/lobby", params={"limit": limit}).json()
        frames = [message["frame"] for message in page["messages"]]
        assert frames == list(range(min(limit, 2 * PAGE_SIZE)))
        assert page["next"] == page["messages"][-1]["cursor"]
        assert page["more"] == (limit <= 2 * PAGE_SIZE)


def test_the_pages_of_a_file_make_up_the_file(api: Api, http: httpx.Client) -> None:
    write_story(api.redis_url, 25)
    whole = http.get("/lobby", params={"format": "jsonl"}).text
    pages, url = [], "/v1/timelines/lobby?format=jsonl&limit=10&from=-1h"
    while url:
        page = http.get(f"{api.http}{url}")
        pages.append(page.text)
        url = page.links.get("next", {}).get("url", "")
    assert [len(text.splitlines()) for text in pages] == [10, 10, 7]
    assert "".join(pages) == whole
    assert [json.loads(line)["cursor"] for line in whole.splitlines()][-1] == page.headers["next-cursor"]


def test_a_long_file_is_complete_and_in_order(api: Api, http: httpx.Client) -> None:
    write(api.redis_url, [reading(number) for number in range(2 * PAGE_SIZE + 3)])
    rows = list(csv.DictReader(io.StringIO(http.get("/lobby", params={"format": "csv"}).text)))
    assert [float(row["media_time"]) for row in rows] == [number / 10 for number in range(2 * PAGE_SIZE + 3)]
    table = pq.read_table(io.BytesIO(http.get("/lobby", params={"format": "parquet"}).content))
    assert table.column("media_time").to_pylist() == [number / 10 for number in range(2 * PAGE_SIZE + 3)]


@pytest.mark.parametrize("format", FORMATS)
def test_a_file_without_messages_is_valid(http: httpx.Client, format: str) -> None:
    answer = http.get("/lobby", params={"format": format})
    assert answer.status_code == 200
    if format == "parquet":
        assert pq.read_table(io.BytesIO(answer.content)).num_rows == 0
    else:
        assert len(answer.text.splitlines()) == {"jsonl": 0, "csv": 1, "vtt": 3}[format]


@pytest.mark.parametrize(
    ("query", "field"),
    [
        ("after=1-0&from=-1m", "from"),
        ("before=1-0&to=-1m", "to"),
        ("after=x", "after"),
        ("from=-1m&to=-2m", "to"),
        ("after=9-0&before=8-0", "before"),
        ("format=xml", "format"),
        ("columns=fex", "columns"),
        ("format=csv&limit=0", "limit"),
    ],
)
def test_an_invalid_range_names_its_parameter(http: httpx.Client, query: str, field: str) -> None:
    body = problem(http.get(f"/lobby?{query}"), 422)
    assert [error["field"] for error in body["errors"]] == [field]
    assert body["detail"]
