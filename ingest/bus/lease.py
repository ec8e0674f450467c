"""The lease of a part of a shard: of two engines, or two ingests, of one shard only its holder works.

The holder renews it each second; one that is silent loses it. A process on the same machine takes it at once
from a holder that has ended.
"""

import os
import socket
from pathlib import Path

from ingest.bus.client import Redis
from ingest.bus.heartbeat import HEARTBEAT_TTL
from ingest.bus.keys import lease_key, waiting_key

EXPIRY = 5000  # ms; several times the interval of renewals

# An expiry that is too far away is from before the clock was set back.
TAKE = """
local holder = redis.call('GET', KEYS[1])
if holder and holder ~= ARGV[1] and holder ~= ARGV[3] then
  if redis.call('PTTL', KEYS[1]) > tonumber(ARGV[2]) then redis.call('PEXPIRE', KEYS[1], ARGV[2]) end
  return holder
end
redis.call('SET', KEYS[1], ARGV[1], 'PX', ARGV[2])
return ARGV[1]
"""
RELEASE = "if redis.call('GET', KEYS[1]) == ARGV[1] then redis.call('DEL', KEYS[1]) end"


class LeaseLostError(Exception):
    """Another process holds the lease; the message is one line."""


class Lease:
    """The lease of one part, `engine` or `ingest`, of one shard."""

    def __init__(self, client: Redis, part: str, shard: int, holder: str | None = None) -> None:
        """`holder`: the name of this process, unless it is another one."""
        self.key = lease_key(part, shard)
        self._redis = client
        self._name = f"{part}:{shard}"
        self._holder = holder or process_name(os.getpid())

    def take(self) -> None:
        """Take or renew the lease. Raise LeaseLostError while another process holds it."""
        holder = self._take("")
        if holder != self._holder and has_ended(holder):
            holder = self._take(holder)
        if holder != self._holder:
            self._redis.set(waiting_key(self._name), self._holder, ex=HEARTBEAT_TTL)
            raise self._lost(holder)

    def check(self, holder: bytes | None) -> None:
        """Raise LeaseLostError if `holder`, the value of the key, is another process."""
        if holder is not None and holder.decode() != self._holder:
            raise self._lost(holder.decode())

    def release(self) -> None:
        self._redis.eval(RELEASE, 1, self.key, self._holder)

    def _take(self, ended: str) -> str:
        reply: bytes = self._redis.eval(TAKE, 1, self.key, self._holder, EXPIRY, ended)
        return reply.decode()

    def _lost(self, holder: str) -> LeaseLostError:
        process = holder.partition("/")[2] or holder
        return LeaseLostError(f"{self._name} is run by another process ({process}): waiting for its end")


def process_name(pid: int) -> str:
    """Return the name of a process, which no other one has at the same time: its PIDs' namespace is in it."""
    return f"{Path('/proc/self/ns/pid').readlink()}/{socket.gethostname()}:{pid}"


def has_ended(holder: str) -> bool:
    """Return whether a process is known to have ended: only one of this machine can be."""
    place, _, pid = holder.rpartition(":")
    return place == process_name(0).rpartition(":")[0] and not Path(f"/proc/{pid}").exists()
