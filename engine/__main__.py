"""One engine worker: `python -m engine [--shard N]`."""

import argparse
import logging
import signal
import sys
from typing import get_args

from engine.card import CardMismatchError
from engine.live.worker import Worker
from engine.loading import Networks, load_networks
from engine.pipeline import Pipeline
from engine.runtimes.registry import RuntimeName
from engine.runtimes.runtime import DeviceLostError, NoGpuError
from engine.settings import EngineSettings
from ingest.bus.connection import connect, redis_url
from ingest.bus.shards import parse_shard
from ingest.environment import SettingError
from ingest.version import VERSION

# Seconds that a face waits for those of other cameras. On a CPU batches come about by themselves where there
# is much to do; to wait for them would only make readings later.
ON_A_CPU, ON_A_GPU = 0.0, 0.010

GPU_LOST = 3  # exit code: other than 2, which says that starting it again would not help

log = logging.getLogger(__name__)


def main() -> int:
    parser = argparse.ArgumentParser(prog="mien engine", description=__doc__)
    parser.add_argument(
        "--shard", type=_shard, default=0, metavar="N", help="whose frames to read (default 0)"
    )
    parser.add_argument("--threads", type=int, default=1, help="threads a network may use (default 1)")
    parser.add_argument(
        "--runtime",
        choices=get_args(RuntimeName),
        help="what runs the networks (MIEN_RUNTIME, else auto: a GPU if it can)",
    )
    arguments = parser.parse_args()
    logging.basicConfig(level=logging.INFO, format="%(message)s")
    try:
        redis_url()  # refused before the networks take their time
        runtime = arguments.runtime or EngineSettings.read("runtime").runtime
        settings = EngineSettings.read("detector", "precision", "batch_delay")
        networks = load_networks(arguments.threads, settings.detector, runtime, settings.precision)
    except (CardMismatchError, SettingError, NoGpuError) as error:
        print(f"mien engine: {error}", file=sys.stderr)  # noqa: T201
        return 2
    log.info(
        "mien %s: engine %d reads with %s on the CPU, threads a network: %d",
        VERSION,
        arguments.shard,
        networks.classifier.model,
        arguments.threads,
    )
    usual = ON_A_CPU if networks.accelerator is None else ON_A_GPU
    delay = usual if settings.batch_delay is None else settings.batch_delay / 1000
    worker = Worker(connect(retries=0, wait=True), Pipeline(networks), arguments.shard, delay=delay)

    def stop(*_: object) -> None:
        worker.stopping = True

    signal.signal(signal.SIGTERM, stop)
    signal.signal(signal.SIGINT, stop)
    return _work(worker, networks)


def _work(worker: Worker, networks: Networks) -> int:
    """Works until it is told to stop, or the GPU is lost; gives the exit code."""
    if networks.accelerator is not None:
        networks.accelerator.start()
    try:
        worker.run()
    except DeviceLostError as error:
        # Nothing more can be done on it in this process. The frames at hand are given to the next one.
        log.error("%s; the engine ends, to be started anew", error)
        return GPU_LOST
    if networks.accelerator is not None:
        networks.accelerator.close()
    return 0


def _shard(text: str) -> int:
    try:
        return parse_shard(text)
    except ValueError as error:
        raise argparse.ArgumentTypeError(str(error)) from error


if __name__ == "__main__":
    sys.exit(main())
