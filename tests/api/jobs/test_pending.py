"""Entries of the queue without a worker, at times that the tests give."""

import os
import subprocess
import sys

from api.jobs.pending import RELEASED, PendingEntries, PendingEntry
from ingest.bus.lease import process_name

ALIVE = f"{process_name(os.getpid())}#1"


def test_an_entry_without_a_report_for_a_lease_is_abandoned() -> None:
    silent, busy = PendingEntry("1-0", ALIVE, 1), PendingEntry("2-0", ALIVE, 1)
    entries = PendingEntries(lease=5.0)
    assert entries.abandoned([silent, busy], now=100.0) == []
    assert entries.abandoned([silent, PendingEntry("2-0", ALIVE, 2)], now=104.9) == []
    assert entries.abandoned([silent, PendingEntry("2-0", ALIVE, 2)], now=105.0) == [silent]


def test_a_released_entry_and_one_of_an_ended_process_are_free_at_once() -> None:
    process = subprocess.Popen([sys.executable, "-c", ""])
    process.wait()
    released = PendingEntry("1-0", RELEASED, 3)
    ended = PendingEntry("2-0", f"{process_name(process.pid)}#1", 1)
    elsewhere = PendingEntry("3-0", "pid:[1]/other:1#1", 1)
    assert PendingEntries(lease=5.0).abandoned([released, ended, elsewhere], now=0.0) == [released, ended]
