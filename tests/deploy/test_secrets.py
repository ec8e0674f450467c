"""Passwords, tokens and tickets are planted in a real service, which then meets all kinds of trouble: nothing
that it says, answers or writes has them in it, apart from what Redis keeps for it."""

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
from tests.deploy.service import Service
from tests.deploy.test_endpoint import mien
from tests.processes import command_line, is_alive
from tests.waiting import until

PASSWORD, KEY, GUESS = "planted-password", "planted-key", "mien_planted-guess"
LOGIN = f"viewer:{PASSWORD}@"


class Handler(http.server.SimpleHTTPRequestHandler):
    """Files, but for `/refused`, which asks for another password."""

    def do_GET(self) -> None:
        if self.path.startswith("/refused"):
            self.send_error(401)
        else:
            super().do_GET()

    def log_message(self, *_: object) -> None:
        """Tests are silent."""


class Listener:
    """Remembers all that the service answers."""

    def __init__(self, address: str) -> None:
        self.heard: list[str] = []
        self._websockets = address.replace("http", "ws", 1)
        self.client = httpx.Client(base_url=address, event_hooks={"response": [self._hear]}, timeout=20)

    def _hear(self, response: httpx.Response) -> None:
        response.read()
        self.heard += [response.text, str(response.headers)]

    def ticket(self, path: str) -> str:
        """The one answer that a secret is meant to be in."""
        answer = self.client.post("/v1/tickets", json={"path": path})
        del self.heard[-2:]
        text: str = answer.json()["ticket"]
        return text

    def listen(self, path: str, query: str, count: int) -> None:
        """Notes the first `count` messages of a websocket."""
        try:
            with open_websocket(f"{self._websockets}{path}?{query}") as websocket:
                self.heard += [str(websocket.recv(10)) for _ in range(count)]
        except ConnectionClosed as closed:
            self.heard.append(str(closed))


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


def test_no_secret_gets_out(service: Service, token: str, web: str) -> None:
    said = Listener(service.address())
    said.client.headers["Authorization"] = f"Bearer {token}"
    tickets = configure_and_watch(said, web)
    meet_trouble(said, service)
    said.client.get("/metrics")
    said.client.get("/v1/sources")
    commands = [command_line(pid) for pid in service.pids()]
    kept = until(lambda: files(service.data), 10, "files")

    service.process.send_signal(signal.SIGTERM)
    assert service.process.wait(60) == 0
    for secret in (PASSWORD, KEY, GUESS, token, *tickets):
        assert not [line for line in service.lines if secret in line]
        assert not [text for text in said.heard if secret in text]
        assert not [command for command in commands if secret in command]
        assert not [name for name, held in kept.items() if secret.encode() in held]
    assert len(said.heard) > 40
    assert "serve.lock" in kept


def configure_and_watch(said: Listener, web: str) -> list[str]:
    """Adds sources that work and such as do not, and watches them; returns the tickets that were used."""
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
        said.client.post("/v1/sources", json={"name": name, "url": url, "purpose": "personal"})
    said.client.post("/v1/sources", json={"name": "Many", "url": [f"rtsp://{LOGIN}x/"], "rate": PASSWORD})
    said.client.patch("/v1/sources/good", json={"url": f"ftp://{LOGIN}x/?token={KEY}"})

    def settled() -> bool:
        states = {each["id"]: each["state"] for each in said.client.get("/v1/sources").json()}
        return states.pop("good") == "live" and set(states.values()) == {"reconnecting"}

    until(settled, 60, "one source is live, the others are not")
    tickets = []
    for path in ("/v1/sources/good/live", "/v1/sources/nobody/live", "/v1/sources/good"):
        tickets.append(said.ticket(path))
        if path.endswith("live"):
            said.listen(path, f"from=-1h&ticket={tickets[-1]}", 3)
            said.listen(path, f"ticket={tickets[-1]}", 2)  # a second time
    said.client.get(f"/v1/sources/good?ticket={tickets[-1]}", headers={"Authorization": ""})
    said.client.get(f"/v1/sources?ticket={tickets[-1]}", headers={"Authorization": ""})
    return tickets


def meet_trouble(said: Listener, service: Service) -> None:
    """Bad requests, bad tokens, and parts that die."""
    said.client.get("/v1/sources", headers={"Authorization": f"Bearer {GUESS}"})
    said.client.get(f"/v1/nothing?ticket={GUESS}", headers={"Authorization": ""})
    said.client.post("/v1/tickets", json={"path": "https://x/"})
    said.client.post(
        "/v1/sources", content=f'{{"url": "{PASSWORD}', headers={"Content-Type": "application/json"}
    )
    said.client.get("/v1/timelines/good", params={"after": "soon"})
    said.client.get("/v1/sources/good/preview.jpg")
    said.listen("/v1/sources/good/live", f"ticket={GUESS}", 2)
    for part in ("redis", "api", "ingest"):
        pid = service.pid_of(part)
        os.kill(pid, signal.SIGKILL)
        until(lambda: not is_alive(pid), 10, f"the end of {part}")  # noqa: B023
        until(lambda: answers(said), 30, f"answers after the end of {part}")


def answers(said: Listener) -> bool:
    try:
        return said.client.get("/v1/sources").status_code == 200
    except httpx.TransportError:
        return False


def files(data: Path) -> dict[str, bytes]:
    """What lies in the data folder, apart from the file that Redis keeps all in."""
    found = (path for path in data.rglob("*") if path.is_file() and "appendonlydir" not in path.parts)
    return {path.name: path.read_bytes() for path in found}
