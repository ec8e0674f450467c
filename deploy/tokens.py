"""`mien tokens`: add, list and remove the access tokens that clients on other machines need.

It works on the Redis at REDIS_URL, else on the one in the data folder, whether the service runs or not. A
service that others can reach does not start without a token: so `add` makes the data folder that is named.
"""

import argparse
import os
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path
from typing import Any

from api.access.audit import record_local_action
from api.access.tokens import TokenError, decode_tokens, encode_token, make_token
from api.outages import outage
from deploy.data_folder import REDIS_FOLDER, LockError, lock_folder, socket_path
from deploy.redis_server import RedisServer, ServerError
from ingest.bus.client import Redis
from ingest.bus.connection import CONNECTION_ERRORS, ResponseError, connect
from ingest.bus.keys import TOKENS
from ingest.environment import SettingError
from ingest.settings import data_folder, external_redis

FAILED, REFUSED = 1, 2  # exit codes
POLL_INTERVAL = 0.1  # seconds
START_TIMEOUT = 10.0  # seconds until the Redis of a service that is starting answers

# The client repeats a command whose reply was lost: then the token is this one.
ADD = """
redis.call('HSETNX', KEYS[1], ARGV[1], ARGV[2])
return redis.call('HGET', KEYS[1], ARGV[1]) == ARGV[2]
"""

Action = Callable[[Redis, argparse.Namespace], None]


class FolderError(Exception):
    """The folder is not the data folder of a service; the message is one line."""


def add(client: Redis, arguments: argparse.Namespace) -> None:
    """Add a token and print it, this once. Raises TokenError."""
    text, token = make_token(arguments.name, arguments.scope, time.time())
    if client.hget(TOKENS, token.name) is None:
        record_local_action(client, "token.added", token.name)
    if not client.eval(ADD, 1, TOKENS, token.name, encode_token(token)):
        raise TokenError(f"there is a token {token.name!r} already: remove it first, or choose another name")
    print(text)
    added = f"added {token.name} with the scope {token.scope} {place(arguments)}"
    print(f"{added}; the line above is shown only now", file=sys.stderr)


def list_all(client: Redis, arguments: argparse.Namespace) -> None:
    rows = [("NAME", "SCOPE", "ADDED")]
    for token in decode_tokens(client.hgetall(TOKENS)):
        added = datetime.fromtimestamp(token.created_at).astimezone()
        rows.append((token.name, token.scope, added.isoformat(" ", "minutes")))
    print(f"tokens {place(arguments)}: {len(rows) - 1}", file=sys.stderr)
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    for row in rows:
        print("  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip())


def remove(client: Redis, arguments: argparse.Namespace) -> None:
    """Remove a token. Raises TokenError where there is none of this name."""
    if client.hget(TOKENS, arguments.name) is None:
        raise TokenError(f"there is no token {arguments.name[:80]!r} {place(arguments)}")
    record_local_action(client, "token.removed", arguments.name)
    client.hdel(TOKENS, arguments.name)
    print(f"removed {arguments.name}: it is refused from now on, and its websockets end within seconds")


def place(arguments: argparse.Namespace) -> str:
    """Name the service that the tokens belong to."""
    return f"in {data_of(arguments).resolve()}" if external_redis() is None else "at REDIS_URL"


def data_of(arguments: argparse.Namespace) -> Path:
    given: Path | None = arguments.data
    return given or data_folder()


def check_folder(arguments: argparse.Namespace) -> None:
    """Raise FolderError if the folder is not a service's, unless `add` is to make the named folder."""
    named = arguments.data is not None or "MIEN_DATA" in os.environ
    makes = arguments.action is add and named
    folder = data_of(arguments)
    if external_redis() is None and not makes and not (folder / REDIS_FOLDER).is_dir():
        reason = "is not the data folder of a service: name it with --data or MIEN_DATA"
        raise FolderError(f"{folder.resolve()} {reason}")


@contextmanager
def redis_of(data: Path) -> Iterator[str]:
    """Yield the URL of the service's Redis, which is started if the service does not run.

    Raises LockError, ServerError and OSError.
    """
    if (url := external_redis()) is not None:
        yield url
        return
    folder = data.resolve() / REDIS_FOLDER
    server = RedisServer(folder, socket_path(folder))
    lock = _lock_unless_running(server, data.resolve())
    try:
        if lock is not None:
            server.start()
        yield server.url
    finally:
        if lock is not None:
            server.stop()
            os.close(lock)


def _lock_unless_running(server: RedisServer, data: Path) -> int | None:
    """Return the lock of the data folder; None where its service runs. Raises LockError."""
    deadline = time.monotonic() + START_TIMEOUT
    while not server.answers():
        try:
            return lock_folder(data, timeout=0.0)
        except LockError:  # its service is starting or stopping
            if time.monotonic() > deadline:
                raise
            time.sleep(POLL_INTERVAL)
    return None


def main() -> int:
    os.umask(0o077)  # as the service itself does
    given = command_line().parse_args()
    try:
        check_folder(given)
        with redis_of(data_of(given)) as url, connect(url, retries=1) as client:
            given.action(client, given)
    except FolderError as error:
        print(f"mien tokens: {error}", file=sys.stderr)
        return REFUSED
    except (TokenError, LockError, ServerError, SettingError, OSError, *CONNECTION_ERRORS) as error:
        print(f"mien tokens: {error}", file=sys.stderr)
        return FAILED
    except ResponseError as error:
        print(f"mien tokens: {outage(error) or error}", file=sys.stderr)
        return FAILED
    return 0


def command_line() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="mien tokens", description=__doc__)
    commands = parser.add_subparsers(required=True, metavar="add|list|remove")
    adding = _add_command(commands, "add", add, "add a token and print it, once")
    _add_command(commands, "list", list_all, "list the tokens: their names, scopes and dates")
    removing = _add_command(commands, "remove", remove, "remove a token, which is refused from then on")
    for command in (adding, removing):
        command.add_argument("name", metavar="NAME", help="name of the token's holder, such as front-desk")
    scope = "view: read everything; operate: also change everything (%(default)s)"
    adding.add_argument("--scope", choices=("view", "operate"), default="view", help=scope)
    return parser


def _add_command(commands: Any, name: str, action: Action, purpose: str) -> argparse.ArgumentParser:
    command: argparse.ArgumentParser
    command = commands.add_parser(name, help=purpose, description=purpose, allow_abbrev=False)
    command.set_defaults(action=action)
    command.add_argument("--data", type=Path, help="data folder of the service (MIEN_DATA, else data)")
    return command


if __name__ == "__main__":
    sys.exit(main())
