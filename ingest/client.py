"""Connections to Redis, one server or a cluster of them, and what goes wrong with them.

In a cluster the part of a key in braces says on which server it lies, so that what is written together lies
together: see ingest.bus.
"""

import logging
import os
import re
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from urllib.parse import unquote, urlsplit

import redis
import redis.asyncio
from redis.asyncio.cluster import ClusterNode as AsyncNode
from redis.backoff import ExponentialBackoff
from redis.cluster import ClusterNode
from redis.exceptions import ClusterError, RedisClusterException
from redis.retry import Retry

COMMANDS = 32  # connections of one process of the API, apart from those that wait for news
COMMANDS_A_NODE = 1024  # the same of a cluster, where nobody waits for a turn: more fail
CLUSTERS = ("redis+cluster", "rediss+cluster")  # schemes of addresses: redis+cluster://a:6379,b:6379
PAUSE = 0.5  # seconds before a cluster that is away is tried again

# What a command raises when the server is away for longer than the retries last.
LOST = (redis.ConnectionError, redis.TimeoutError, ClusterError, RedisClusterException)

# What a worker meets when the server is away, comes back empty, or does not answer in time.
BUS_FAULTS = (*LOST, redis.ResponseError)

# What it raises when the server is there and refuses: the password (LOST has that as well), or the command.
NO_ENTRY = redis.AuthenticationError
NO_SUCH_RIGHT = redis.ResponseError

RETRIED = [redis.ConnectionError, redis.TimeoutError, redis.BusyLoadingError]

log = logging.getLogger(__name__)


def redis_url() -> str:
    """The server's address: REDIS_URL, which the supervisor sets for its children."""
    return os.environ.get("REDIS_URL", "redis://127.0.0.1:6379/0")


def is_cluster(client: Any) -> bool:
    """Whether what is written together must lie on one server: see ingest.bus."""
    return isinstance(client, redis.RedisCluster)


def connect(url: str | None = None, *, retries: int = 10, wait: bool = False) -> Any:
    """A blocking connection that outlives a restart of the server: commands are retried for some seconds.

    With no retries a lost connection shows at once: for who must know whether a transaction went through.
    One server is looked for at the first command. A cluster is asked at once who its servers are: where none
    answers that raises redis.ConnectionError, or with `wait` is tried for as long as it takes.
    """
    url = url or redis_url()
    options: dict[str, Any] = {
        "retry": Retry(ExponentialBackoff(cap=1.0, base=0.05), retries=retries),
        "socket_timeout": 10.0,
        "health_check_interval": 15,
    }
    cluster = _cluster(url)
    if cluster is None:
        return redis.Redis.from_url(url, retry_on_error=RETRIED, **options)
    told = ""
    while True:
        try:
            nodes: Any = [ClusterNode(*host) for host in cluster.hosts]  # type: ignore[no-untyped-call]
            return redis.RedisCluster(startup_nodes=nodes, **cluster.entry, **options)
        except (RedisClusterException, redis.ConnectionError) as error:
            if not wait or isinstance(error, NO_ENTRY):
                raise redis.ConnectionError(_why(error)) from error
            if str(error) != told:
                log.warning("redis: %s; trying again", _why(error))
            told = str(error)
        time.sleep(PAUSE)


def connect_async(url: str | None = None, *, connections: int = COMMANDS) -> Any:
    """The same for the API's event loop: up to so many commands at a time, more wait for their turn.

    A read that waits for entries to come holds its connection: who makes many of them asks for as many. One
    server or a cluster, it is looked for at the first command.
    """
    url = url or redis_url()
    options: dict[str, Any] = {
        "retry": redis.asyncio.retry.Retry(ExponentialBackoff(cap=1.0, base=0.05), retries=10),
        "socket_timeout": 10.0,
        "health_check_interval": 15,
    }
    cluster = _cluster(url)
    if cluster is not None:
        nodes = [AsyncNode(host, port) for host, port in cluster.hosts]
        options |= {**cluster.entry, "max_connections": max(connections, COMMANDS_A_NODE)}
        return redis.asyncio.RedisCluster(startup_nodes=nodes, **options)
    pool = redis.asyncio.BlockingConnectionPool.from_url(
        url, max_connections=connections, retry_on_error=RETRIED, **options
    )
    return redis.asyncio.Redis.from_pool(pool)


def servers(client: Any) -> Sequence[Any]:
    """A connection to each server that takes writes, for what concerns a server and not a key."""
    if not is_cluster(client):
        return [client]
    return [client.get_redis_connection(node) for node in client.get_primaries()]


@dataclass(frozen=True, slots=True)
class _Cluster:
    """What the address of a cluster says."""

    hosts: Sequence[tuple[str, int]]  # of some of its servers: each knows the others
    entry: Mapping[str, Any]  # user, password, TLS


def _cluster(url: str) -> _Cluster | None:
    """None for the address of one server. Raises ValueError."""
    scheme, _, rest = url.partition("://")
    if scheme not in CLUSTERS:
        return None
    place = re.split(r"[/?#]", rest, maxsplit=1)[0]
    more = rest.removeprefix(place)
    if more not in ("", "/", "/0"):
        raise ValueError(f"expected nothing after the servers of a cluster, actual {more}")
    who, at, named = place.rpartition("@")
    login = urlsplit(f"//{who}{at}")
    hosts = [urlsplit(f"//{host}") for host in named.split(",")]
    return _Cluster(
        hosts=[(host.hostname or "localhost", host.port or 6379) for host in hosts],
        entry={
            "username": unquote(login.username) if login.username else None,
            "password": unquote(login.password) if login.password else None,
            "ssl": scheme == "rediss+cluster",
        },
    )


def _why(error: Exception) -> str:
    """In one line, without what redis-py says before it."""
    return " ".join(str(error).split())
