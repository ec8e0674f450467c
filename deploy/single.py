"""`mien supervise PART VERB ...`: one part of the service, started again when it ends or hangs.

It is for containers whose runtime restarts what ends but not what hangs, such as those of Docker. PART is
named as for `mien alive`, the rest is the command of the part: `mien supervise engine:1 engine --shard 1`.
Exit codes: 0 stopped by a signal, 2 the part cannot work like this (the line before says why).
"""

import argparse
import asyncio
import os
import signal
import sys
from collections.abc import Awaitable, Callable
from functools import partial

from deploy.liveness import API, api_answers, forget_heartbeat, has_heartbeat
from deploy.processes import Command, SupervisedProcess
from deploy.watch import Patience, SignOfLife, watch

STOP_TIMEOUT = 8.0  # seconds; Docker is told to wait for ten
DEFAULT_PATIENCE = Patience()


async def supervise(
    command: Command,
    sign: SignOfLife,
    patience: Patience = DEFAULT_PATIENCE,
    forget: Callable[[], Awaitable[None]] | None = None,
) -> int:
    """Run the command until SIGTERM or SIGINT, or until it cannot work; return the exit code."""
    child = SupervisedProcess(command)
    supervision = child.start()
    watching = asyncio.create_task(watch(child, supervision, sign, patience, forget))
    stopping = asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(number, stopping.set)
    stopped = asyncio.create_task(stopping.wait())
    await asyncio.wait({supervision, stopped}, return_when=asyncio.FIRST_COMPLETED)
    watching.cancel()
    await child.stop(STOP_TIMEOUT)
    return 0 if stopping.is_set() else supervision.result()


def main() -> int:
    parser = argparse.ArgumentParser(prog="mien supervise", description=__doc__, allow_abbrev=False)
    parser.add_argument("--port", type=int, default=8400, help="where the API listens (default %(default)s)")
    parser.add_argument("part", metavar="PART", help="api, ingest, ingest:N, engine:N or jobs")
    parser.add_argument("verb", metavar="VERB", nargs=argparse.REMAINDER, help="the command of the part")
    given = parser.parse_args()
    if not given.verb:
        parser.error("name the command of the part, such as: engine --shard 0")
    command = Command(given.part, (sys.executable, "-P", "-m", "api.cli", *given.verb), os.environ)
    if given.part == API:
        return asyncio.run(supervise(command, partial(asyncio.to_thread, api_answers, given.port)))
    beats = partial(asyncio.to_thread, has_heartbeat, given.part)
    forget = partial(asyncio.to_thread, forget_heartbeat, given.part)
    return asyncio.run(supervise(command, beats, DEFAULT_PATIENCE.after_expiry(), forget))


if __name__ == "__main__":
    sys.exit(main())
