"""Allowlist of sources: public ones, named ones, and host names that resolve to others."""

import ipaddress
import socket
from typing import Any

import pytest

from ingest.network.allowlist import (
    EVERYWHERE,
    Allowlist,
    ForbiddenError,
    allowed_addresses,
    connect,
    is_public,
    parse_allowlist,
)


@pytest.mark.parametrize(
    "address",
    [
        "127.0.0.1",
        "127.8.8.8",
        "0.0.0.0",
        "10.1.2.3",
        "172.16.0.1",
        "192.168.1.1",
        "169.254.169.254",
        "100.64.0.1",
        "192.0.2.7",
        "198.18.0.1",
        "224.0.0.1",
        "239.1.1.1",
        "240.0.0.1",
        "255.255.255.255",
        "::",
        "::1",
        "::127.0.0.1",
        "::ffff:127.0.0.1",
        "::ffff:10.0.0.1",
        "64:ff9b::127.0.0.1",
        "64:ff9b:1::1",
        "2002:7f00:1::",
        "2001::1",
        "fe80::1",
        "fe80::1%eth0",
        "fec0::1",
        "fc00::1",
        "ff02::1",
    ],
)
def test_private_addresses(address: str) -> None:
    assert not is_public(ipaddress.ip_address(address))


@pytest.mark.parametrize(
    "address", ["8.8.8.8", "2001:4860:4860::8888", "::ffff:8.8.8.8", "64:ff9b::8.8.8.8", "2002:808:808::"]
)
def test_public_addresses(address: str) -> None:
    assert is_public(ipaddress.ip_address(address))


@pytest.mark.parametrize(
    "host", ["localhost", "127.1", "2130706433", "0x7f000001", "0x7f.1", "017700000001", "[::1]", "0"]
)
def test_every_notation_of_an_address_is_checked(host: str) -> None:
    with pytest.raises(ForbiddenError, match="add it to MIEN_SOURCE_NETWORKS"):
        allowed_addresses(host.strip("[]"), 80, Allowlist())


def test_only_named_networks_and_public_ones_are_allowed() -> None:
    named = parse_allowlist(" 192.168.1.0/24, 10.0.0.7 ,fd00::/8,localhost,")
    assert named.allows("camera", "192.168.1.9")
    assert named.allows("camera", "::ffff:192.168.1.9")
    assert named.allows("camera", "10.0.0.7")
    assert named.allows("camera", "fd00::9")
    assert named.allows("LOCALHOST", "127.0.0.1")
    assert named.allows("camera", "8.8.8.8")
    assert not named.allows("camera", "192.168.2.9")
    assert not named.allows("camera", "127.0.0.1")
    assert EVERYWHERE.allows("camera", "127.0.0.1")


@pytest.mark.parametrize(
    "text", ["192.168.1.7/24", "300.1.2.3", "192.168.1.0/33", "a b", "fe80::zz", "http://x"]
)
def test_typing_errors_are_refused(text: str) -> None:
    with pytest.raises(ValueError, match="is neither a network such as"):
        parse_allowlist(text)


def test_all_addresses_of_a_host_must_be_allowed(monkeypatch: pytest.MonkeyPatch) -> None:
    answer(monkeypatch, ["8.8.8.8", "127.0.0.1"])
    with pytest.raises(
        ForbiddenError, match=r"camera\.example is 127\.0\.0\.1, which is in a private network"
    ):
        allowed_addresses("camera.example", 80, Allowlist())


def test_a_host_is_resolved_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """The second answer would be another address."""
    with socket.create_server(("127.0.0.2", 0)) as server:
        port = server.getsockname()[1]
        answer(monkeypatch, ["127.0.0.2"], ["127.0.0.1"])
        with connect("camera.example", port, parse_allowlist("127.0.0.2"), 5.0) as connection:
            assert connection.getpeername() == ("127.0.0.2", port)


def answer(monkeypatch: pytest.MonkeyPatch, *answers: list[str]) -> None:
    """Make a host resolve to these addresses, one list after the other."""
    left = iter(answers)
    real = socket.getaddrinfo

    def look_up(host: str, port: int, *more: Any, **options: Any) -> Any:
        if host != "camera.example":  # a literal address
            return real(host, port, *more, **options)
        return [(socket.AF_INET, socket.SOCK_STREAM, 6, "", (address, port)) for address in next(left)]

    monkeypatch.setattr(socket, "getaddrinfo", look_up)
