"""A worker that reads recordings: `python -m api.jobs`. Several may share the queue."""

import argparse
import signal
import sys

from api.jobs.live_priority import LivePriority
from api.jobs.queue import Queue
from api.jobs.worker import Worker, WorkerConfig
from api.settings import RecordingLimits
from engine.settings import EngineSettings
from ingest.bus.connection import connect, redis_url
from ingest.environment import SettingError
from ingest.log import set_up_log
from ingest.settings import IngestSettings

BAD_SETTING = 2  # exit code


def main() -> int:
    argparse.ArgumentParser(prog="mien jobs", description=__doc__).parse_args()
    set_up_log()
    try:
        settings = IngestSettings.read("data", "media", "shards")
        config = WorkerConfig(settings.data, settings.media, RecordingLimits.read())
        EngineSettings.read("detector", "precision")  # refused at the start rather than with each recording
        redis_url()
    except SettingError as error:
        print(f"mien jobs: {error}", file=sys.stderr)
        return BAD_SETTING
    client = connect(retries=0, wait=True)
    worker = Worker(Queue(client), LivePriority(client, settings.shards), config)

    def stop(*_: object) -> None:
        worker.stopping = True

    signal.signal(signal.SIGTERM, stop)
    signal.signal(signal.SIGINT, stop)
    worker.run()
    return 0


if __name__ == "__main__":
    sys.exit(main())
