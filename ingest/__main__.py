"""Reads the configured sources: `python -m ingest [--shards 0,1]`."""

import argparse
import logging
import os
import signal
import sys

# numpy reads this when it is loaded: the keeper forks, so it must not have threads.
os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")

from ingest.bus.connection import connect
from ingest.bus.shards import parse_shards
from ingest.environment import SettingError
from ingest.live.keeper import Keeper
from ingest.log import set_up_log
from ingest.settings import IngestSettings

CANNOT_WORK = 2  # exit code

log = logging.getLogger(__name__)


def main() -> int:
    parser = argparse.ArgumentParser(prog="mien ingest", description=__doc__)
    parser.add_argument(
        "--shards",
        type=parse_shards,
        metavar="N,N",
        help="read only the sources of these shards, which no other ingest process reads (default: all)",
    )
    arguments = parser.parse_args()
    set_up_log()
    # An exception, because it also ends a wait for Redis.
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: sys.exit(0))
    try:
        keeper = Keeper(connect(retries=0, wait=True), IngestSettings.read(), arguments.shards)
    except SettingError as error:
        log.error("%s", error)
        return CANNOT_WORK
    keeper.run()
    return 0


if __name__ == "__main__":
    sys.exit(main())
