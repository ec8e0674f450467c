"""`mien serve` for other machines: tokens, TLS, and the commands that call it."""

import re
import ssl
import subprocess
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from api.access.certificates import KeyPair
from deploy.endpoint import Endpoint, EndpointError, has_tokens
from ingest.bus.connection import connect
from ingest.bus.keys import AUDIT, TOKENS
from tests.deploy.service import Service, free_port, mien
from tests.waiting import until

SUBJECT = ["-subj", "/CN=localhost", "-addext", "subjectAltName=DNS:localhost,IP:127.0.0.1"]


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("tls")


@pytest.fixture(scope="module")
def pair(folder: Path) -> tuple[Path, Path]:
    return make_pair(folder, "own")


def make_pair(folder: Path, name: str) -> tuple[Path, Path]:
    """Return the files of a self-signed certificate and its key."""
    certificate, key = folder / f"{name}.crt", folder / f"{name}.key"
    command = ["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes"]
    written = ["-keyout", str(key), "-out", str(certificate), "-days", "2"]
    subprocess.run([*command, *SUBJECT, *written], check=True, capture_output=True)
    return certificate, key


def add_token(data: Path, name: str, scope: str) -> str:
    added = mien("tokens", "add", name, "--scope", scope, "--data", str(data))
    assert added.returncode == 0, added.stderr
    return added.stdout.strip()


@pytest.fixture(scope="module")
def data(folder: Path) -> Path:
    return folder / "data"


@pytest.fixture(scope="module")
def token(data: Path) -> str:
    """Return a token that was added before the first start of the service."""
    return add_token(data, "front-desk", "operate")


@pytest.fixture(scope="module")
def secured(data: Path, token: str, pair: tuple[Path, Path]) -> Iterator[Service]:
    """Run a service that other machines reach with a token."""
    service = Service(data, "--host", "0.0.0.0", "--tls-certificate", str(pair[0]), "--tls-key", str(pair[1]))
    yield service
    service.close()


def test_without_a_token_it_does_not_serve_others(tmp_path: Path) -> None:
    data = tmp_path / "data"
    service = Service(data, "--host", "0.0.0.0")
    assert service.process.wait(30) == 2
    service.close()
    assert service.lines == [
        "mien serve: there is no access token: "
        f"add one with: mien tokens add NAME --scope operate --data {data}"
    ]


def test_it_waits_for_redis_before_it_looks_for_tokens(redis_url: str, tmp_path: Path) -> None:
    away = f"unix://{tmp_path}/none.sock"
    assert not has_tokens(away, tmp_path)
    with pytest.raises(EndpointError, match="there is no access token: add one with"):
        has_tokens(redis_url, tmp_path)


def test_traffic_is_plain_text_to_others_without_tls_except_on_loopback() -> None:
    pair = KeyPair(Path("a"), Path("b"))
    assert Endpoint("0.0.0.0", 1, "required").is_plain_text_to_others
    assert not Endpoint("0.0.0.0", 1, "required", pair).is_plain_text_to_others
    assert not Endpoint("127.0.0.1", 1).is_plain_text_to_others
    assert Endpoint("::1", 1, "required", pair).address == "https://[::1]:1"


@pytest.mark.parametrize("host", ["0.0.0.0", "::"])
def test_a_wildcard_host_is_shown_as_an_address_of_the_machine(host: str) -> None:
    address = Endpoint(host, 8400, "required").address
    assert re.fullmatch(r"http://\S+:8400", address)
    assert f"/{host}:" not in address
    assert f"[{host}]" not in address


def test_with_a_token_and_tls_others_are_served(
    secured: Service, token: str, pair: tuple[Path, Path]
) -> None:
    there = secured.address()
    assert httpx.get(f"{there}/healthz", verify=False).status_code == 200  # not by a name in the certificate
    assert f"the dashboard is at {there} (and at all other addresses of this machine)" in secured.lines
    trusted = ssl.create_default_context(cafile=str(pair[0]))
    url = f"https://localhost:{secured.port}"
    with httpx.Client(base_url=url, verify=trusted) as http:
        page = http.get("/")
        assert page.status_code == 200
        assert "strict-transport-security" not in page.headers  # of all that listens on localhost
        assert http.get("/v1/sources").status_code == 401
        mine = {"Authorization": f"Bearer {token}", "Host": "mien.example"}
        session = http.get("/v1/session", headers=mine)
        assert session.json()["name"] == "front-desk"
        assert session.headers["strict-transport-security"].startswith("max-age=")
    assert not any("warning" in line for line in secured.lines)


def test_tokens_are_added_and_removed_while_it_runs(secured: Service, pair: tuple[Path, Path]) -> None:
    secured.address()
    wall = add_token(secured.data, "wall", "view")
    listed = mien("tokens", "list", "--data", str(secured.data)).stdout
    assert [line.split()[:2] for line in listed.splitlines()] == [
        ["NAME", "SCOPE"],
        ["front-desk", "operate"],
        ["wall", "view"],
    ]
    assert "mien_" not in listed
    trusted = ssl.create_default_context(cafile=str(pair[0]))
    with httpx.Client(base_url=f"https://localhost:{secured.port}", verify=trusted) as http:
        headers = {"Authorization": f"Bearer {wall}"}
        assert http.get("/v1/sources", headers=headers).status_code == 200
        assert mien("tokens", "remove", "wall", "--data", str(secured.data)).returncode == 0
        until(lambda: http.get("/v1/sources", headers=headers).status_code == 401, 5, "the refusal")
    again = mien("tokens", "remove", "wall", "--data", str(secured.data))
    assert (again.returncode, again.stderr) == (
        1,
        f"mien tokens: there is no token 'wall' in {secured.data}\n",
    )


@pytest.mark.parametrize("words", [("list",), ("remove", "wall"), ("add", "wall")])
def test_no_data_folder_is_made_by_mistake(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, words: tuple[str, ...]
) -> None:
    monkeypatch.chdir(tmp_path)
    ran = mien("tokens", *words)
    assert (ran.returncode, ran.stdout) == (2, "")
    assert ran.stderr == (
        f"mien tokens: {tmp_path}/data is not the data folder of a service: "
        "name it with --data or MIEN_DATA\n"
    )
    assert not (tmp_path / "data").exists()


def test_a_named_folder_is_made_for_the_first_token(tmp_path: Path) -> None:
    data = tmp_path / "data"
    assert mien("tokens", "list", "--data", str(data)).returncode == 2
    added = mien("tokens", "add", "wall", MIEN_DATA=str(data))
    assert (added.returncode, added.stderr.split(";")[0]) == (0, f"added wall with the scope view in {data}")
    listed = mien("tokens", "list", "--data", str(data))
    assert (listed.returncode, listed.stderr) == (0, f"tokens in {data}: 1\n")


def test_tokens_are_on_the_redis_at_redis_url(redis_url: str, tmp_path: Path) -> None:
    with connect(redis_url) as client:
        added = mien("tokens", "add", "wall", "--data", str(tmp_path / "none"), REDIS_URL=redis_url)
        assert added.returncode == 0, added.stderr
        assert client.hkeys(TOKENS) == [b"wall"]
        assert added.stdout.strip().encode() not in b"".join(client.hgetall(TOKENS).values())
        assert [note[b"action"] for _, note in client.xrange(AUDIT)] == [b"token.added"]
        assert not (tmp_path / "none").exists()
    away = mien("tokens", "list", REDIS_URL=f"unix://{tmp_path}/none.sock")
    assert away.returncode == 1
    assert len(away.stderr.splitlines()) == 1


def test_token_names_are_unique(secured: Service) -> None:
    secured.address()
    again = mien("tokens", "add", "front-desk", "--scope", "view", "--data", str(secured.data))
    assert again.returncode == 1
    assert again.stdout == ""
    assert "there is a token 'front-desk' already" in again.stderr


def test_commands_call_it_with_token_and_certificate(
    secured: Service, token: str, pair: tuple[Path, Path]
) -> None:
    secured.address()
    url = f"https://localhost:{secured.port}"
    listed = mien("sources", "list", "--json", MIEN_URL=url, MIEN_TOKEN=token, MIEN_CA=str(pair[0]))
    assert (listed.returncode, listed.stdout) == (0, "[]\n"), listed.stderr
    without = mien("sources", "list", MIEN_URL=url, MIEN_CA=str(pair[0]))
    assert without.returncode == 1
    assert without.stderr == (
        "mien: the service requires a token: set MIEN_TOKEN to one of `mien tokens add`\n"
    )
    wrong = mien("sources", "list", MIEN_URL=url, MIEN_TOKEN="planted", MIEN_CA=str(pair[0]))
    assert (wrong.returncode, wrong.stderr) == (
        1,
        "mien: MIEN_TOKEN is unknown to the service or was removed\n",
    )
    unknown = mien("sources", "list", MIEN_URL=url, MIEN_TOKEN=token)
    assert unknown.returncode == 1
    assert "certificate" in unknown.stderr
    assert len(unknown.stderr.splitlines()) == 1
    assert token not in unknown.stderr
    off = mien("sources", "list", "--json", MIEN_URL=url, MIEN_TOKEN=token, MIEN_CA="none")
    assert off.returncode == 0, off.stderr


def test_a_key_of_another_certificate_is_refused(tmp_path: Path, pair: tuple[Path, Path]) -> None:
    _, other = make_pair(tmp_path, "other")
    lines = refused(tmp_path, "--tls-certificate", str(pair[0]), "--tls-key", str(other))
    assert lines == [f"mien serve: {other} is not the key of {pair[0]}"]


def test_incomplete_and_wrong_pairs_are_refused(tmp_path: Path, pair: tuple[Path, Path]) -> None:
    lines = refused(tmp_path, "--tls-certificate", str(pair[0]))
    assert lines == ["mien serve: TLS needs a certificate and its key, and the key is missing"]
    (tmp_path / "text").write_text("no certificate")
    (line,) = refused(tmp_path, "--tls-certificate", str(tmp_path / "text"), "--tls-key", str(pair[1]))
    assert line.startswith(f"mien serve: {tmp_path / 'text'} and {pair[1]} must be a certificate and its key")
    missing = tmp_path / "missing"
    lines = refused(tmp_path, "--tls-certificate", str(missing), "--tls-key", str(pair[1]))
    assert lines == [f"mien serve: {missing}: no such file or directory"]


def test_open_access_is_for_this_machine_alone(tmp_path: Path) -> None:
    ran = mien("serve", "--host", "0.0.0.0", "--data", str(tmp_path / "data"), MIEN_TOKENS="open")
    assert ran.returncode == 2
    assert ran.stderr == ("mien serve: MIEN_TOKENS=open needs a loopback address to listen on, got 0.0.0.0\n")
    ran = mien("serve", "--demo", "--data", str(tmp_path / "data"), MIEN_TOKENS="required")
    assert ran.returncode == 2


@pytest.mark.parametrize("port", ["0", "-1", "80000"])
def test_a_wrong_port_is_refused(tmp_path: Path, port: str) -> None:
    why = f"--port must be between 1 and 65535, got {port}\n"
    ran = mien("serve", f"--port={port}", "--data", str(tmp_path / "data"))
    assert (ran.returncode, ran.stderr) == (2, f"mien serve: {why}")
    ran = mien("api", f"--port={port}")
    assert (ran.returncode, ran.stderr) == (2, f"mien api: {why}")


def refused(folder: Path, *arguments: str) -> list[str]:
    service = Service(folder / "data", *arguments, port=free_port())
    assert service.process.wait(30) == 2
    service.close()
    return service.lines
