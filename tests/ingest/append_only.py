"""The append-only files of a Redis server."""

import contextlib

from deploy.redis_server import RedisServer


def on_disk(server: RedisServer) -> bytes:
    content = b""
    for file in server.socket.parent.rglob("appendonly.aof.*"):
        with contextlib.suppress(FileNotFoundError):  # the server has just replaced it
            content += file.read_bytes()
    return content
