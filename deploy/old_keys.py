"""What a data folder of before Redis Cluster holds: its keys get the names that they have now."""

from typing import Any

from api.jobs.job import QUEUE, job_key
from ingest.bus.connection import connect
from ingest.bus.keys import REMOVED, keys_of

WHOLE = {"removed": REMOVED, "jobs:queue": QUEUE}


def rename_old_keys(url: str) -> int:
    """How many were renamed; what has the new name already is left alone."""
    kinds = {key.partition(":")[0] for key in keys_of("any")}
    with connect(url) as client:
        return sum(_rename(client, key.decode(), kinds) for key in list(client.scan_iter(count=1000)))


def _rename(client: Any, key: str, kinds: set[str]) -> bool:
    kind, _, id = key.partition(":")
    if key in WHOLE:
        return bool(client.renamenx(key, WHOLE[key]))
    if kind == "job":
        return bool(client.renamenx(key, job_key(id)))
    if kind in kinds and not id.startswith("{"):
        return bool(client.renamenx(key, f"{kind}:{{{id}}}"))
    return False
