"""The engine of one shard: `python -m engine [--shard N]`."""

import argparse
import logging
import signal
import sys
from typing import get_args

from engine.card import CardMismatchError
from engine.live.backlog import Limits
from engine.live.worker import Worker
from engine.loading import Networks, load_networks
from engine.pipeline import Pipeline
from engine.runtimes.registry import RuntimeName
from engine.runtimes.runtime import DeviceLostError, NoGpuError
from engine.settings import EngineSettings
from ingest.bus.connection import connect, redis_url
from ingest.bus.shards import parse_shard
from ingest.environment import SettingError
from ingest.log import set_up_log
from ingest.version import VERSION

# Seconds that a face waits for those of other cameras. On a busy CPU batches fill by themselves, and waiting
# would only delay the readings.
CPU_DELAY, GPU_DELAY = 0.0, 0.010

GPU_LOST = 3  # exit code; 2 means that starting the engine again would not help

log = logging.getLogger(__name__)


def main() -> int:
    parser = argparse.ArgumentParser(prog="mien engine", description=__doc__)
    parser.add_argument("--shard", type=parse_shard, default=0, metavar="N", help="shard to read (default 0)")
    parser.add_argument("--threads", type=int, default=1, help="threads for each network (default 1)")
    runtime = "what runs the networks (default: MIEN_RUNTIME, else auto: the GPU if there is one)"
    parser.add_argument("--runtime", choices=get_args(RuntimeName), help=runtime)
    arguments = parser.parse_args()
    set_up_log()
    try:
        redis_url()  # checked before the networks are loaded, which takes long
        runtime = arguments.runtime or EngineSettings.read("runtime").runtime
        settings = EngineSettings.read("detector", "precision", "batch_delay")
        networks = load_networks(arguments.threads, settings.detector, runtime, settings.precision)
    except (CardMismatchError, SettingError, NoGpuError) as error:
        print(f"mien engine: {error}", file=sys.stderr)  # noqa: T201
        return 2
    message = "mien %s: engine %d runs %s on the CPU, %d threads per network"
    log.info(message, VERSION, arguments.shard, networks.classifier.model, arguments.threads)
    delay = CPU_DELAY if networks.accelerator is None else GPU_DELAY
    if settings.batch_delay is not None:
        delay = settings.batch_delay / 1000
    client = connect(retries=0, wait=True)
    worker = Worker(client, Pipeline(networks), arguments.shard, Limits(delay=delay))

    def stop(*_: object) -> None:
        worker.stopping = True

    signal.signal(signal.SIGTERM, stop)
    signal.signal(signal.SIGINT, stop)
    return _work(worker, networks)


def _work(worker: Worker, networks: Networks) -> int:
    """Work until a signal stops the worker or the GPU is lost; return the exit code."""
    if networks.accelerator is not None:
        networks.accelerator.start()
    try:
        worker.run()
    except DeviceLostError as error:
        # Only a new process can use the GPU again. It takes the frames that this one has not acknowledged.
        log.error("%s; the engine ends, so that its supervisor starts it again", error)
        return GPU_LOST
    worker.close()
    if networks.accelerator is not None:
        networks.accelerator.close()
    return 0


if __name__ == "__main__":
    sys.exit(main())
