"""`mien bench` measures what it says."""

import asyncio
import json
import os
import resource
import subprocess
import sys
from array import array
from typing import Any

import pytest

from deploy.bench.__main__ import command_line
from deploy.bench.clients import Client


def test_the_websocket_is_measured_and_nothing_is_lost() -> None:
    words = ["websocket", "--clients", "80", "--stuck", "2", "--seconds", "1", "--json"]
    ran = subprocess.run(
        [sys.executable, "-m", "deploy.bench", *words],
        capture_output=True,
        text=True,
        check=True,
        timeout=60,
        env={**os.environ, "MIEN_TOKENS": "required", "MIEN_TLS_CERTIFICATE": "/none"},  # of another service
        preexec_fn=allow_few_files,  # who serves and who connects asks the system for more
    )
    figures: dict[str, Any] = json.loads(ran.stdout)
    assert (figures["delivered"], figures["dropped"]) == (800, 0)
    assert 0 < figures["p50_ms"] <= figures["p99_ms"] <= figures["max_ms"]
    assert figures["memory_per_client_kb"] > 0


def allow_few_files() -> None:
    _, most = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (64, most))


def frame(text: str) -> bytes:
    payload = text.encode()
    return bytes((0x81, 126)) + len(payload).to_bytes(2) + payload


def message(cursor: str) -> bytes:
    return frame(f'{{"type":"reading","model":"{"m" * 200}","cursor":"{cursor}"}}')


def test_a_client_counts_what_comes_however_it_is_cut() -> None:
    stream = b"HTTP/1.1 101 Switching Protocols\r\n\r\n"
    stream += message("1-0") + message("1-1") + message("1-1") + frame('{"type":"error"}') + message("3-0")

    async def run(size: int) -> tuple[int, int, int]:
        latencies = array("d")
        client = Client(b"", latencies, stuck=False)
        for start in range(0, len(stream), size):
            client.data_received(stream[start : start + size])
        assert len(latencies) == client.delivered
        return client.delivered, client.disordered, client.errors

    for size in (1, 7, 500, len(stream)):
        assert asyncio.run(run(size)) == (3, 1, 1)


@pytest.mark.parametrize(
    "words", [["--clients", "0"], ["--seconds", "-1"], ["--rate", "nan"], ["--stuck", "x"]]
)
def test_numbers_that_make_no_sense_are_refused(words: list[str]) -> None:
    with pytest.raises(SystemExit):
        command_line().parse_args(["websocket", *words])
