"""Secrets of a real service that meets all kinds of errors: passwords, tokens and tickets.

They appear in no log line, no response and no file, except for those of Redis.
"""

import http.server
import os
import signal
import threading
from collections.abc import Iterator
from functools import partial
from pathlib import Path
from typing import Any

import httpx
import pytest
from websockets.exceptions import ConnectionClosed
from websockets.sync.client import connect as open_websocket

from tests.clips import even, make_clip
from tests.deploy.service import Service, mien
from tests.processes import command_line, is_alive
from tests.waiting import until

PASSWORD, KEY, GUESS = "planted-password", "planted-key", "mien_planted-guess"
LOGIN = f"viewer:{PASSWORD}@"


class Handler(http.server.SimpleHTTPRequestHandler):
    """Serves files, and at `/refused` an error for a wrong password."""

    def do_GET(self) -> None:
        if self.path.startswith("/refused"):
            self.send_error(401)
        else:
            super().do_GET()

    def log_message(self, *_: object) -> None:
        """Log nothing."""


class RecordingClient:
    """A client that records all responses of the service."""

    def __init__(self, address: str) -> None:
        self.received: list[str] = []
        self._websockets = address.replace("http", "ws", 1)
        self.http = httpx.Client(base_url=address, event_hooks={"response": [self._record]}, timeout=20)

    def _record(self, response: httpx.Response) -> None:
        response.read()
        self.received += [response.text, str(response.headers)]

    def ticket(self, path: str) -> str:
        """Return a ticket; it is the only secret that may be in a response, which is not recorded."""
        answer = self.http.post("/v1/tickets", json={"path": path})
        del self.received[-2:]
        text: str = answer.json()["ticket"]
        return text

    def listen(self, path: str, query: str, count: int) -> None:
        """Record the first `count` messages of a websocket."""
        try:
            with open_websocket(f"{self._websockets}{path}?{query}") as websocket:
                self.received += [str(websocket.recv(10)) for _ in range(count)]
        except ConnectionClosed as closed:
            self.received.append(str(closed))


@pytest.fixture
def web(tmp_path: Path) -> Iterator[str]:
    """A web server with a video on it."""
    make_clip(tmp_path / "clip.mp4", even(500), size=(160, 120))
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), partial(Handler, directory=str(tmp_path)))
    threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True).start()
    yield f"{LOGIN}127.0.0.1:{server.server_port}"
    server.shutdown()
    server.server_close()


@pytest.fixture
def token(tmp_path: Path) -> str:
    added = mien("tokens", "add", "ada", "--scope", "operate", "--data", str(tmp_path / "data"))
    assert added.returncode == 0, added.stderr
    return added.stdout.strip()


@pytest.fixture
def service(tmp_path: Path, token: str) -> Iterator[Service]:
    service = Service(tmp_path / "data", MIEN_TOKENS="required", MIEN_SOURCE_NETWORKS="127.0.0.0/8")
    yield service
    service.close()


def test_no_secret_leaks(service: Service, token: str, web: str) -> None:
    client = RecordingClient(service.address())
    client.http.headers["Authorization"] = f"Bearer {token}"
    tickets = configure_and_watch(client, web)
    cause_errors(client, service)
    client.http.get("/metrics")
    client.http.get("/v1/sources")
    commands = [command_line(pid) for pid in service.pids()]
    stored = until(lambda: files(service.data), 10, "files")

    service.process.send_signal(signal.SIGTERM)
    assert service.process.wait(60) == 0
    for secret in (PASSWORD, KEY, GUESS, token, *tickets):
        assert not [line for line in service.lines if secret in line]
        assert not [text for text in client.received if secret in text]
        assert not [command for command in commands if secret in command]
        assert not [name for name, held in stored.items() if secret.encode() in held]
    assert len(client.received) > 40
    assert "serve.lock" in stored


def configure_and_watch(client: RecordingClient, web: str) -> list[str]:
    """Add sources that work and others that fail, and watch them; return the used tickets."""
    sources: dict[str, Any] = {
        "Good": f"http://{web}/clip.mp4?token={KEY}",
        "Missing": f"http://{web}/none.mp4?token={KEY}",
        "Refused": f"http://{web}/refused?api_key={KEY}",
        "Nobody": f"rtsp://{LOGIN}127.0.0.1:1/user=admin_password={KEY}_channel=1.sdp?pw={KEY}",
        "Outside": f"rtsp://{LOGIN}10.0.0.1/door",
        "Wrong": f"rtsp://{LOGIN}[::1/door?password={KEY}",
        "Odd": f"gopher://{LOGIN}camera/",
    }
    for name, url in sources.items():
        client.http.post("/v1/sources", json={"name": name, "url": url, "purpose": "personal"})
    client.http.post("/v1/sources", json={"name": "Many", "url": [f"rtsp://{LOGIN}x/"], "rate": PASSWORD})
    client.http.patch("/v1/sources/good", json={"url": f"ftp://{LOGIN}x/?token={KEY}"})

    def settled() -> bool:
        states = {each["id"]: each["state"] for each in client.http.get("/v1/sources").json()}
        return states.pop("good") == "live" and set(states.values()) == {"reconnecting"}

    until(settled, 60, "one source is live, the others are not")
    tickets = []
    for path in ("/v1/sources/good/live", "/v1/sources/nobody/live", "/v1/sources/good"):
        tickets.append(client.ticket(path))
        if path.endswith("live"):
            client.listen(path, f"from=-1h&ticket={tickets[-1]}", 3)
            client.listen(path, f"ticket={tickets[-1]}", 2)  # a second time
    client.http.get(f"/v1/sources/good?ticket={tickets[-1]}", headers={"Authorization": ""})
    client.http.get(f"/v1/sources?ticket={tickets[-1]}", headers={"Authorization": ""})
    return tickets


def cause_errors(client: RecordingClient, service: Service) -> None:
    """Send bad requests and bad tokens, and kill parts."""
    client.http.get("/v1/sources", headers={"Authorization": f"Bearer {GUESS}"})
    client.http.get(f"/v1/nothing?ticket={GUESS}", headers={"Authorization": ""})
    client.http.post("/v1/tickets", json={"path": "https://x/"})
    client.http.post(
        "/v1/sources", content=f'{{"url": "{PASSWORD}', headers={"Content-Type": "application/json"}
    )
    client.http.get("/v1/timelines/good", params={"after": "soon"})
    client.http.get("/v1/sources/good/preview.jpg")
    client.listen("/v1/sources/good/live", f"ticket={GUESS}", 2)
    for part in ("redis", "api", "ingest"):
        pid = service.pid_of(part)
        os.kill(pid, signal.SIGKILL)
        until(lambda: not is_alive(pid), 10, f"the end of {part}")  # noqa: B023
        until(lambda: answers(client), 30, f"answers after the end of {part}")


def answers(client: RecordingClient) -> bool:
    try:
        return client.http.get("/v1/sources").status_code == 200
    except httpx.TransportError:
        return False


def files(data: Path) -> dict[str, bytes]:
    """Return the files in the data folder, except for those of Redis."""
    found = (path for path in data.rglob("*") if path.is_file() and "appendonlydir" not in path.parts)
    return {path.name: path.read_bytes() for path in found}
