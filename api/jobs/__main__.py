"""One worker that reads recordings: `python -m api.jobs`. Several may share the queue."""

import argparse
import logging
import signal
import sys

from api.jobs.live_priority import LivePriority
from api.jobs.queue import Queue
from api.jobs.worker import Places, Worker
from api.settings import RecordingLimits
from engine.settings import EngineSettings
from ingest.bus.connection import connect, redis_url
from ingest.environment import SettingError
from ingest.settings import IngestSettings

CANNOT_WORK = 2


def main() -> int:
    argparse.ArgumentParser(prog="mien jobs", description=__doc__).parse_args()
    logging.basicConfig(level=logging.INFO, format="%(message)s")
    try:
        settings = IngestSettings.read("data", "media", "shards")
        places = Places(settings.data, settings.media, RecordingLimits.read())
        EngineSettings.read("detector", "precision")  # refused here, and not by each recording
        redis_url()
    except SettingError as error:
        print(f"mien jobs: {error}", file=sys.stderr)
        return CANNOT_WORK
    client = connect(retries=0, wait=True)
    worker = Worker(Queue(client), LivePriority(client, settings.shards), places)

    def stop(*_: object) -> None:
        worker.stopping = True

    signal.signal(signal.SIGTERM, stop)
    signal.signal(signal.SIGINT, stop)
    worker.run()
    return 0


if __name__ == "__main__":
    sys.exit(main())
