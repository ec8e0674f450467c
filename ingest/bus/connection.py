"""Connections to Redis, one server or a cluster of them, and what goes wrong with them.

In a cluster the part of a key in braces says on which server it lies, so that what is written together lies
together: see ingest.bus.keys.
"""

import asyncio
import logging
import re
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from urllib.parse import unquote, urlsplit

import redis
import redis.asyncio
from redis.asyncio.cluster import ClusterNode as AsyncNode
from redis.asyncio.cluster import ClusterPipeline
from redis.backoff import ExponentialBackoff
from redis.cluster import ClusterNode
from redis.exceptions import ClusterError, RedisClusterException
from redis.retry import Retry

from ingest.environment import SettingError
from ingest.settings import IngestSettings

DEFAULT_URL = "redis://127.0.0.1:6379/0"
COMMANDS = 32  # connections of one process of the API, apart from those that wait for news
COMMANDS_A_NODE = 1024  # the same of a cluster, where nobody waits for a turn: more fail
CLUSTERS = ("redis+cluster", "rediss+cluster")  # schemes of addresses: redis+cluster://a:6379,b:6379
PAUSE = 0.5  # seconds before a cluster that is away is tried again
PAUSES = (0.05, 0.1, 0.2, 0.4, 0.8, 1.0, 1.0)  # seconds before the API asks a cluster again

# What a command raises when the server is away for longer than the retries last.
LOST = (redis.ConnectionError, redis.TimeoutError, ClusterError, RedisClusterException)

# What a worker meets when the server is away, comes back empty, or does not answer in time.
BUS_FAULTS = (*LOST, redis.ResponseError)

# What it raises when the server is there and refuses: the password (LOST has that as well), or the command.
NO_ENTRY = redis.AuthenticationError
NO_SUCH_RIGHT = redis.ResponseError

RETRIED = [redis.ConnectionError, redis.TimeoutError, redis.BusyLoadingError]

UNOPENED = "the connection was closed while it was opened"

log = logging.getLogger(__name__)


class AddressError(SettingError):
    """REDIS_URL is no address of Redis; the message is one line."""


def redis_url() -> str:
    """The server's address: REDIS_URL, which the supervisor sets for its children. Raises AddressError."""
    named = IngestSettings.read("redis_url").redis_url
    url = DEFAULT_URL if named is None else named
    if _cluster(url) is None:
        _checked(url)
    return url


def is_cluster(client: Any) -> bool:
    """Whether what is written together must lie on one server: see ingest.bus.keys."""
    return isinstance(client, redis.RedisCluster | redis.asyncio.RedisCluster)


def connect(url: str | None = None, *, retries: int = 10, wait: bool = False) -> Any:
    """A blocking connection that outlives a restart of the server: commands are retried for some seconds.

    With no retries a lost connection shows at once: for who must know whether a transaction went through.
    Of a cluster only transactions are retried so; a command shows at once that its server is away.

    One server is looked for at the first command. A cluster is asked at once who its servers are: where none
    answers that raises redis.ConnectionError, or with `wait` is tried for as long as it takes. Raises
    AddressError.
    """
    url = url or redis_url()
    options: dict[str, Any] = {
        "retry": Retry(ExponentialBackoff(cap=1.0, base=0.05), retries=retries),
        "socket_timeout": 10.0,
        "health_check_interval": 15,
    }
    cluster = _cluster(url)
    if cluster is None:
        return redis.Redis.from_url(_checked(url), retry_on_error=RETRIED, **options)
    told = ""
    while True:
        try:
            nodes: Any = [ClusterNode(*host) for host in cluster.hosts]  # type: ignore[no-untyped-call]
            return redis.RedisCluster(startup_nodes=nodes, **cluster.options, **options)
        except (RedisClusterException, redis.ConnectionError) as error:
            if not wait:
                refused = isinstance(error.__cause__ or error, NO_ENTRY)
                raise (NO_ENTRY if refused else redis.ConnectionError)(_why(error)) from error
            if str(error) != told:
                log.warning("redis: %s; trying again", _why(error))
            told = str(error)
        time.sleep(PAUSE)


def connect_async(url: str | None = None, *, connections: int = COMMANDS) -> Any:
    """The same for the API's event loop: up to so many commands at a time, more wait for their turn.

    A read that waits for entries to come holds its connection: who makes many of them asks for as many. One
    server or a cluster, it is looked for at the first command. Of a cluster commands are tried again for some
    seconds, transactions and pipelines as redis-py does it. Raises AddressError.
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
        options |= {**cluster.options, "max_connections": max(connections, COMMANDS_A_NODE)}
        return _AsyncCluster(startup_nodes=nodes, **options)
    pool = redis.asyncio.BlockingConnectionPool.from_url(
        _checked(url), max_connections=connections, retry_on_error=RETRIED, **options
    )
    return redis.asyncio.Redis.from_pool(pool)


def servers(client: Any) -> Sequence[Any]:
    """A connection to each server that takes writes, for what concerns a server and not a key."""
    if not is_cluster(client):
        return [client]
    return [client.get_redis_connection(node) for node in client.get_primaries()]


class _AsyncCluster(redis.asyncio.RedisCluster):
    """redis-py's, whose faults are all of those that it documents.

    It closes connections that others are still opening, who then meet an AttributeError.
    """

    async def execute_command(self, *args: Any, **kwargs: Any) -> Any:
        for pause in PAUSES:
            try:
                return await super().execute_command(*args, **kwargs)
            except NO_ENTRY:
                raise
            except (*LOST, AttributeError):
                await asyncio.sleep(pause)
        try:
            return await super().execute_command(*args, **kwargs)
        except AttributeError as error:
            raise redis.ConnectionError(UNOPENED) from error

    def pipeline(self, transaction: Any = None, shard_hint: Any = None) -> ClusterPipeline:
        return _AsyncPipeline(self, transaction)  # type: ignore[abstract]  # as redis-py makes its own


class _AsyncPipeline(ClusterPipeline):
    async def execute(self, raise_on_error: bool = True, allow_redirections: bool = True) -> list[Any]:
        try:
            return await super().execute(raise_on_error, allow_redirections)
        except AttributeError as error:
            raise redis.ConnectionError(UNOPENED) from error


@dataclass(frozen=True, slots=True)
class _Cluster:
    """What the address of a cluster says."""

    hosts: Sequence[tuple[str, int]]  # of some of its servers: each knows the others
    options: Mapping[str, Any]  # user, password, TLS


def _cluster(url: str) -> _Cluster | None:
    """None for the address of one server. Raises AddressError, which never quotes a password."""
    scheme, _, rest = url.partition("://")
    if scheme not in CLUSTERS:
        return None
    place = re.split(r"[/?#]", rest, maxsplit=1)[0]
    if rest.removeprefix(place) not in ("", "/", "/0"):
        raise AddressError(
            "REDIS_URL: expected a cluster's servers and nothing after them, "
            "in a password %2F %3F %23 %40 for / ? # @"
        )
    who, _, named = place.rpartition("@")
    user, _, password = who.partition(":")
    try:
        hosts = [urlsplit(f"//{host}") for host in named.split(",")]
        found = [(host.hostname or "localhost", host.port or 6379) for host in hosts]
    except ValueError as error:
        raise AddressError(
            f"REDIS_URL: expected host:port, and commas between several, actual {named!r}"
        ) from error
    return _Cluster(
        hosts=found,
        options={
            "username": unquote(user) or None,
            "password": unquote(password) or None,
            "ssl": scheme == "rediss+cluster",
            "reinitialize_steps": 1,  # at each fault it is asked anew which servers there are
            "socket_connect_timeout": 3.0,
        },
    )


def _checked(url: str) -> str:
    """The address of one server as it is. Raises AddressError."""
    try:
        redis.ConnectionPool.from_url(url)  # connects to nothing yet
    except ValueError as error:
        raise AddressError(f"REDIS_URL: not an address of Redis: {_why(error)}") from error
    return url


def _why(error: Exception) -> str:
    """In one line."""
    return " ".join(str(error).split())
