"""Keeps all configured cameras: `python -m ingest`."""

import logging
import os
import signal
import sys

# Read when numpy is loaded: the keeper forks, so it must not have threads.
os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")

from ingest.bus import Bus, connect
from ingest.keeper import Keeper
from ingest.settings import SettingError, settings_from_environment

CANNOT_WORK = 2  # exit code

log = logging.getLogger(__name__)


def main() -> int:
    logging.basicConfig(level=logging.INFO, format="%(message)s")
    # An exception, not a mark: it also ends a wait for Redis.
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: sys.exit(0))
    try:
        keeper = Keeper(Bus(connect(retries=0)), settings_from_environment())
    except SettingError as error:
        log.error("%s", error)
        return CANNOT_WORK
    keeper.run()
    return 0


if __name__ == "__main__":
    sys.exit(main())
