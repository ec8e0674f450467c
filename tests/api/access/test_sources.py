"""Purposes, changes, secrets, notices, pictures and networks of sources, and the audit of all actions."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest
from websockets.sync.client import connect as open_websocket

from ingest.bus.connection import connect
from ingest.bus.keys import SOURCES, preview_key
from ingest.bus.previews import Previews
from ingest.bus.source_config import SourceConfig, decode_config
from ingest.network.allowlist import parse_allowlist
from tests.api.access.clients import add_token, bearer, http_client, receive_until_closed, serving_with_tokens
from tests.api.serving import Api, configure, serving

NAMED = parse_allowlist("192.168.7.0/24")
CAMERA = {"name": "Front door", "url": "rtsp://viewer:planted@192.0.2.7/1"}


@pytest.fixture
def api(redis_url: str, tmp_path: Path) -> Iterator[Api]:
    with serving(redis_url, tmp_path) as api:
        yield api


@pytest.fixture
def http(api: Api) -> Iterator[httpx.Client]:
    with http_client(api) as client:
        yield client


def stored_config(api: Api, id: str = "front-door") -> SourceConfig:
    with connect(api.redis_url) as client:
        text = client.hget(SOURCES, id)
        assert isinstance(text, bytes)
        return decode_config(text)


def field_errors(answer: httpx.Response) -> dict[str, str]:
    """Return the errors of a 422 response by field."""
    assert answer.status_code == 422, answer.text
    assert "planted" not in answer.text
    return {each["field"]: each["detail"] for each in answer.json()["errors"]}


def test_work_and_education_need_a_ground(http: httpx.Client) -> None:
    for purpose in ("workplace", "education"):
        errors = field_errors(http.post("/v1/sources", json={**CAMERA, "purpose": purpose}))
        assert "Art. 5(1)(f)" in errors["purpose"]
    assert field_errors(http.post("/v1/sources", json={**CAMERA, "purpose": "fun"})).keys() == {"purpose"}
    lawful = {**CAMERA, "purpose": "workplace", "ground": "safety"}
    added = http.post("/v1/sources", json=lawful).json()
    assert (added["purpose"], added["ground"], added["picture"]) == ("workplace", "safety", "shown")
    errors = field_errors(http.patch("/v1/sources/front-door", json={"ground": None}))
    assert "Art. 5(1)(f)" in errors["purpose"]


def test_the_purpose_is_required_where_tokens_are(redis_url: str, tmp_path: Path) -> None:
    with serving_with_tokens(redis_url, tmp_path) as api:
        token = add_token(redis_url, "front-desk", "operate")
        with http_client(api, token) as http:
            assert (
                "give the purpose of reading faces"
                in field_errors(http.post("/v1/sources", json=CAMERA))["purpose"]
            )
            answer = http.post("/v1/sources", json={**CAMERA, "purpose": "safety"})
            assert answer.status_code == 201


@pytest.mark.parametrize(
    ("change", "shown"),
    [
        ({"name": "Back  door"}, {"name": "Back door"}),
        ({"rate": 5}, {"rate": 5.0}),
        ({"picture": "blurred"}, {"picture": "blurred"}),
        ({"purpose": "retail"}, {"purpose": "retail"}),
        ({"url": "rtsp://u:x@192.0.2.8/"}, {"url": "rtsp://u:***@192.0.2.8/"}),
    ],
)
def test_a_source_is_changed_in_place(
    api: Api, http: httpx.Client, change: dict[str, Any], shown: dict[str, Any]
) -> None:
    before = http.post("/v1/sources", json=CAMERA).json()
    answer = http.patch("/v1/sources/front-door", json=change)
    assert answer.status_code == 200
    after = answer.json()
    assert after == {**before, **shown, "since": after["since"], "state": after["state"]}


def test_an_address_that_is_sent_back_as_shown_keeps_its_password(api: Api, http: httpx.Client) -> None:
    shown = http.post("/v1/sources", json=CAMERA).json()["url"]
    assert http.patch("/v1/sources/front-door", json={"url": shown, "rate": 5}).status_code == 200
    assert stored_config(api).url == CAMERA["url"]
    elsewhere = shown.replace("192.0.2.7", "192.0.2.66")
    assert field_errors(http.patch("/v1/sources/front-door", json={"url": elsewhere})).keys() == {"url"}
    assert stored_config(api).url == CAMERA["url"]


@pytest.mark.parametrize(
    ("url", "shown"),
    [
        (
            "rtsp://192.0.2.7/user=admin_password=planted_channel=1_stream=0.sdp?real_stream",
            "rtsp://192.0.2.7/***?***",
        ),
        ("http://192.0.2.7/1/user%3Dplanted/live", "http://192.0.2.7/1/***/live"),
        ("https://192.0.2.7/live?sv=planted&sig=planted", "https://192.0.2.7/live?sv=***&sig=***"),
        (
            "http://192.0.2.7/x?loginuse=planted&loginpas=planted",
            "http://192.0.2.7/x?loginuse=***&loginpas=***",
        ),
        ("http://192.0.2.7/x?a=1;pwd=planted&jwt=planted", "http://192.0.2.7/x?a=***&jwt=***"),
        ("rtsp://planted@192.0.2.7:554/1", "rtsp://***@192.0.2.7:554/1"),
        ("http://camera.example;pwd=planted/1", "http://camera.example***/1"),
        (
            "rtsp://u:planted@192.0.2.7/1?mien_transport=udp&pw=planted",
            "rtsp://u:***@192.0.2.7/1?mien_transport=udp&pw=***",
        ),
    ],
)
def test_secrets_of_any_form_are_hidden_and_preserved(
    api: Api, http: httpx.Client, url: str, shown: str
) -> None:
    added = http.post("/v1/sources", json={**CAMERA, "url": url})
    assert "planted" not in added.text
    assert added.json()["url"] == shown
    assert http.patch("/v1/sources/front-door", json={"url": shown, "rate": 5}).status_code == 200
    assert stored_config(api).url == url


def test_secrets_of_a_stored_address_in_a_refused_form_are_hidden(api: Api, http: httpx.Client) -> None:
    configure(api.redis_url, url="http://192.0.2.7/1#pwd=planted")
    assert http.get("/v1/sources/lobby").json()["url"] == "http://192.0.2.7/1#***"


@pytest.mark.parametrize(
    ("url", "why"),
    [
        ("rtsp://viewer:planted/x@192.0.2.7/1", "this is not a URL"),
        ("rtsp://viewer:pla\u2100nted@192.0.2.7/1", "this is not a URL"),
        ("rtsp://viewer:1#planted@192.0.2.7/1", "must have no #"),
        ("rtsp://192.0.2.7/1#pwd=planted", "must have no #"),
        ("rtsp://192.0.2.7/1?mien_transport=planted", "mien_transport must be tcp, udp or auto"),
        ("clip.mp4?pwd=planted", "only ?loop and ?mien_stream=N may follow"),
    ],
)
def test_a_refusal_quotes_nothing_of_an_address(http: httpx.Client, url: str, why: str) -> None:
    answer = http.post("/v1/sources", json={**CAMERA, "url": url})
    assert field_errors(answer)["url"].startswith(why)
    assert "nted" not in answer.text


@pytest.mark.parametrize(
    ("change", "field"),
    [({"name": ""}, "name"), ({"rate": 0}, "rate"), ({"url": "ftp://x/"}, "url"), ({"name": None}, "name")],
)
def test_an_invalid_change_changes_nothing(
    api: Api, http: httpx.Client, change: dict[str, Any], field: str
) -> None:
    http.post("/v1/sources", json=CAMERA)
    before = stored_config(api)
    assert field in field_errors(http.patch("/v1/sources/front-door", json=change))
    assert stored_config(api) == before
    assert http.patch("/v1/sources/nowhere", json={"rate": 5}).status_code == 404


def test_the_notice_informs_the_people_in_front_of_the_camera(
    http: httpx.Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("MIEN_CONTACT", "Ada, ada@example.org")
    monkeypatch.setenv("MIEN_RETENTION", "7d")
    http.post("/v1/sources", json={**CAMERA, "purpose": "public_space", "picture": "blurred"})
    answer = http.get("/v1/sources/front-door/notice")
    assert answer.headers["content-type"].startswith("text/plain")
    for part in (
        "Front door",
        "emotion",
        "a public space",
        "7 days",
        "too coarsely",
        "ada@example.org",
        "50(3)",
    ):
        assert part in answer.text
    assert "192.0.2.7" not in answer.text
    assert http.get("/v1/sources/nowhere/notice").status_code == 404


def test_a_source_without_a_picture_serves_no_preview(api: Api, http: httpx.Client) -> None:
    http.post("/v1/sources", json={**CAMERA, "picture": "none"})
    answer = http.get("/v1/sources/front-door/preview.jpg")
    assert answer.status_code == 404
    assert "configured to show no picture" in answer.json()["detail"]
    with open_websocket(f"{api.ws}/v1/sources/front-door/frames") as client:
        assert '"code":"no_picture"' in receive_until_closed(client)[0]
        assert client.close_code == 4403
    with connect(api.redis_url) as client, connect(api.redis_url) as redis:
        Previews(client).put("front-door", b"jpeg", 1)
        assert not redis.exists(preview_key("front-door"))


def test_a_preview_made_before_a_change_is_not_shown_after_it(api: Api, http: httpx.Client) -> None:
    http.post("/v1/sources", json=CAMERA)
    with connect(api.redis_url) as client:
        Previews(client).put("front-door", b"jpeg", 1)
        assert client.exists(preview_key("front-door"))
        http.patch("/v1/sources/front-door", json={"picture": "blurred"})
        assert not client.exists(preview_key("front-door"))
        Previews(client).put("front-door", b"late", 2)
        assert not client.exists(preview_key("front-door"))
        Previews(client).put("front-door", b"coarse", 3, "blurred")
        assert http.get("/v1/sources/front-door/preview.jpg").content == b"coarse"


def test_the_audit_log_records_callers_and_their_actions(redis_url: str, tmp_path: Path) -> None:
    with serving_with_tokens(redis_url, tmp_path) as api:
        tokens = {name: add_token(redis_url, name, "operate") for name in ("ada", "bob")}
        with http_client(api, tokens["ada"]) as http:
            http.post("/v1/sources", json={**CAMERA, "purpose": "safety"})
            http.patch("/v1/sources/front-door", json={"rate": 5})
            http.patch("/v1/sources/front-door", json={"rate": 6})
            for _ in range(2):
                http.get("/v1/timelines/front-door")
            http.delete("/v1/sources/front-door")
        live = f"{api.ws}/v1/sources/lobby/live"
        with open_websocket(live, additional_headers=bearer(tokens["bob"])) as client:
            client.recv(10)
        with http_client(api, tokens["bob"]) as http:
            page = http.get("/v1/audit", params={"limit": 3}).json()
            rest = http.get("/v1/audit", params={"before": page["next"]}).json()
    assert rest["next"] is None
    notes = page["notes"] + rest["notes"]
    assert [(note["caller"], note["action"], note["subject"]) for note in notes] == [
        ("bob", "audit.read", "audit"),
        ("bob", "live.watched", "lobby"),
        ("ada", "source.removed", "front-door"),
        ("ada", "timeline.read", "front-door"),
        ("ada", "source.changed", "front-door"),
        ("ada", "source.changed", "front-door"),
        ("ada", "source.added", "front-door"),
    ]
    assert all(note["at"].endswith("Z") for note in notes)


def test_sources_must_be_in_allowed_networks(redis_url: str, tmp_path: Path) -> None:
    configure(redis_url)
    public = {"name": "Public", "url": "rtsp://8.8.8.8/1"}
    inside = {"name": "Inside", "url": "http://localhost:8080/planted"}
    with serving(redis_url, tmp_path, networks=NAMED) as api, http_client(api) as http:
        assert http.post("/v1/sources", json=public).status_code == 201
        for url in ("http://2130706433/", "http://[::ffff:127.0.0.1]/", "rtsp://u:planted@169.254.169.254/"):
            errors = field_errors(http.post("/v1/sources", json={**inside, "url": url}))
            assert "MIEN_SOURCE_NETWORKS" in errors["url"]
        assert "localhost is " in field_errors(http.post("/v1/sources", json=inside))["url"]
        assert "url" in field_errors(http.patch("/v1/sources/public", json={"url": inside["url"]}))
        named = {"name": "Named", "url": "rtsp://192.168.7.7/1"}
        assert http.post("/v1/sources", json=named).status_code == 201
        assert http.patch("/v1/sources/lobby", json={"rate": 5}).status_code == 200  # it was added before


def test_webcams_need_open_access_or_the_allowlist(redis_url: str, tmp_path: Path) -> None:
    webcam = {"name": "Webcam", "url": "webcam:0"}
    with serving(redis_url, tmp_path, networks=NAMED) as api, http_client(api) as http:
        refused = field_errors(http.post("/v1/sources", json=webcam))
        assert refused == {"url": "webcams are not allowed: add webcam to MIEN_SOURCE_NETWORKS"}
    named = parse_allowlist("192.168.7.0/24,webcam")
    with serving(redis_url, tmp_path, networks=named) as api, http_client(api) as http:
        assert http.post("/v1/sources", json=webcam).status_code == 201
