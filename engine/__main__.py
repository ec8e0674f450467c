"""One engine worker: `python -m engine [--shard N]`."""

import argparse
import logging
import signal
import sys

from engine.card import CardMismatchError
from engine.pipeline import Pipeline, load_networks
from engine.worker import Worker
from ingest.bus import Bus, connect
from ingest.settings import SettingError, detector_name
from ingest.shards import parse_shard
from ingest.version import VERSION

log = logging.getLogger(__name__)


def main() -> int:
    parser = argparse.ArgumentParser(prog="mien engine", description=__doc__)
    parser.add_argument(
        "--shard", type=_shard, default=0, metavar="N", help="whose frames to read (default 0)"
    )
    parser.add_argument("--threads", type=int, default=1, help="threads a network may use (default 1)")
    arguments = parser.parse_args()
    logging.basicConfig(level=logging.INFO, format="%(message)s")
    try:
        networks = load_networks(arguments.threads, detector_name())
    except (CardMismatchError, SettingError) as error:
        print(f"mien engine: {error}", file=sys.stderr)
        return 2
    log.info(
        "mien %s: engine %d reads with %s on the CPU, threads a network: %d",
        VERSION,
        arguments.shard,
        networks.classifier.model,
        arguments.threads,
    )
    worker = Worker(Bus(connect(retries=0)), Pipeline(networks), arguments.shard)

    def stop(*_: object) -> None:
        worker.stopping = True

    signal.signal(signal.SIGTERM, stop)
    signal.signal(signal.SIGINT, stop)
    worker.run()
    return 0


def _shard(text: str) -> int:
    try:
        return parse_shard(text)
    except ValueError as error:
        raise argparse.ArgumentTypeError(str(error)) from error


if __name__ == "__main__":
    sys.exit(main())
