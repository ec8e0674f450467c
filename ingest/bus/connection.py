"""Connections to Redis, one server or a cluster, and the errors that their commands raise.

A cluster chooses the server of a key by the part in braces: see ingest.bus.keys.
"""

import asyncio
import logging
import re
import time
from collections.abc import Awaitable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, TypeVar, cast
from urllib.parse import parse_qs, unquote, urlsplit

import redis
import redis.asyncio
from redis.asyncio.cluster import ClusterNode as AsyncNode
from redis.asyncio.cluster import ClusterPipeline
from redis.backoff import ExponentialBackoff
from redis.cluster import ClusterNode
from redis.exceptions import ClusterError, RedisClusterException
from redis.retry import Retry

from ingest.bus.client import AsyncRedis, Entry, Redis
from ingest.environment import SettingError
from ingest.settings import external_redis

DEFAULT_URL = "redis://127.0.0.1:6379/0"
MAX_CONNECTIONS = 32  # of an API process, apart from those that wait for new entries
MAX_NODE_CONNECTIONS = 1024  # to each server of a cluster: commands beyond it fail instead of waiting
CLUSTER_SCHEMES = ("redis+cluster", "rediss+cluster")  # of URLs: redis+cluster://a:6379,b:6379
CONNECT_INTERVAL = 0.5  # seconds between two attempts to reach a cluster
ASYNC_RETRY_DELAYS = (0.05, 0.1, 0.2, 0.4, 0.8, 1.0, 1.0)  # seconds; of the API's commands to a cluster

# The server is away for longer than the retries last.
CONNECTION_ERRORS = (redis.ConnectionError, redis.TimeoutError, ClusterError, RedisClusterException)

# The server is away, comes back empty, or refuses a command.
REDIS_ERRORS = (*CONNECTION_ERRORS, redis.ResponseError)

AuthenticationError = redis.AuthenticationError  # also one of CONNECTION_ERRORS
ResponseError = redis.ResponseError  # the server refuses a command
WatchError = redis.WatchError  # a transaction was not carried out, because a watched key changed

TIMEOUT = 10.0  # seconds without a reply
OPTIONS: dict[str, Any] = {"socket_timeout": TIMEOUT, "health_check_interval": 15}  # seconds

# Options of the URL of one server. Others of redis-py would change replies, or the number of connections.
URL_OPTIONS = (
    *("db", "username", "password", "client_name", "socket_connect_timeout", "socket_keepalive"),
    *("ssl_ca_certs", "ssl_ca_path", "ssl_cert_reqs", "ssl_certfile", "ssl_check_hostname", "ssl_ciphers"),
    *("ssl_keyfile", "ssl_min_version", "ssl_password"),
)
FORMS = "redis://user:password@host:6379/0, rediss://… with TLS, or unix:///path?db=0"
ESCAPES = "write / ? # @ in a password as %2F %3F %23 %40"
BACKOFF = ExponentialBackoff(cap=1.0, base=0.05)  # seconds; it has no state
RETRIED = [redis.ConnectionError, redis.TimeoutError, redis.BusyLoadingError]

Reply = TypeVar("Reply")

log = logging.getLogger(__name__)


class RedisUrlError(SettingError):
    """REDIS_URL is invalid; the message is one line."""


def redis_url() -> str:
    """Return REDIS_URL, which the supervisor sets for its children. Raise RedisUrlError if it is invalid."""
    setting = external_redis()
    url = DEFAULT_URL if setting is None else setting
    if _parse_cluster(url) is None:
        _checked(url)
    return url


def is_cluster(client: Redis | AsyncRedis) -> bool:
    """Return whether a transaction is limited to keys of one server: see ingest.bus.keys."""
    return isinstance(client, redis.RedisCluster | redis.asyncio.RedisCluster)


def connect(
    url: str | None = None, *, retries: int = 10, wait: bool = False, timeout: float = TIMEOUT
) -> Redis:
    """Return a blocking client that survives a restart of the server: it retries commands for some seconds.

    A command without a reply in `timeout` seconds is sent again, and may so be carried out twice: what must
    not be needs a script that notices it, or no retries. Without retries a lost connection raises at once.
    With a cluster only transactions are retried; a single command raises at once.

    A client of one server connects with its first command. A cluster must name its servers now: if none
    answers, raise redis.ConnectionError, or with `wait` try until one does. Raise RedisUrlError.
    """
    url = url or redis_url()
    options = OPTIONS | {"socket_timeout": timeout, "retry": Retry(BACKOFF, retries)}
    cluster = _parse_cluster(url)
    if cluster is None:
        return cast(Redis, redis.Redis.from_url(_checked(url), retry_on_error=RETRIED, **options))
    logged = ""
    while True:
        try:
            nodes: Any = [ClusterNode(*host) for host in cluster.hosts]  # type: ignore[no-untyped-call]
            return cast(Redis, redis.RedisCluster(startup_nodes=nodes, **cluster.options, **options))
        except (RedisClusterException, redis.ConnectionError) as error:
            if not wait:
                refused = isinstance(error.__cause__ or error, AuthenticationError)
                raise (AuthenticationError if refused else redis.ConnectionError)(_one_line(error)) from error
            if str(error) != logged:
                log.warning("redis: %s; trying again", _one_line(error))
            logged = str(error)
        time.sleep(CONNECT_INTERVAL)


def connect_async(
    url: str | None = None, *, connections: int = MAX_CONNECTIONS, timeout: float = TIMEOUT
) -> AsyncRedis:
    """Return a client for the API's event loop with at most `connections` commands at a time; more wait.

    A read that waits for new entries holds its connection, so a pool for such reads needs one for each. The
    client connects with its first command. It sends a command again that has no reply in `timeout` seconds,
    as the one of `connect`. With a cluster, single commands are retried for some seconds, transactions and
    pipelines as redis-py does it. Raise RedisUrlError.
    """
    url = url or redis_url()
    options = OPTIONS | {"socket_timeout": timeout, "retry": redis.asyncio.retry.Retry(BACKOFF, retries=10)}
    cluster = _parse_cluster(url)
    if cluster is not None:
        nodes = [AsyncNode(host, port) for host, port in cluster.hosts]
        options |= {**cluster.options, "max_connections": max(connections, MAX_NODE_CONNECTIONS)}
        return cast(AsyncRedis, _AsyncCluster(startup_nodes=nodes, **options))
    pool = redis.asyncio.BlockingConnectionPool.from_url(
        _checked(url), max_connections=connections, retry_on_error=RETRIED, **options
    )
    return cast(AsyncRedis, redis.asyncio.Redis.from_pool(pool))


def servers(client: Redis) -> Sequence[Redis]:
    """Return a client of each server that takes writes, for commands about a server instead of a key."""
    if not is_cluster(client):
        return [client]
    cluster: Any = client
    return [cluster.get_redis_connection(node) for node in cluster.get_primaries()]


def server_time(client: Redis, key: str) -> tuple[int, int]:
    """Return the time, (seconds, microseconds) since the epoch, of the server that has `key`."""
    if not is_cluster(client):
        return client.time()
    cluster: Any = client
    node = cluster.get_node_from_key(key)
    return client.time(target_nodes=node)


def entries_of(reply: Any) -> list[Entry]:
    """Return the entries of a read of one stream: the reply is a list, a mapping or empty."""
    if not reply:
        return []
    entries: list[Entry] = next(iter(reply.values()))[0] if isinstance(reply, dict) else reply[0][1]
    return entries


class _AsyncCluster(redis.asyncio.RedisCluster):
    """redis-py's client, with retries."""

    async def execute_command(self, *args: Any, **kwargs: Any) -> Any:
        for delay in ASYNC_RETRY_DELAYS:
            try:
                return await _connection_error(super().execute_command(*args, **kwargs))
            except AuthenticationError:
                raise
            except CONNECTION_ERRORS:
                await asyncio.sleep(delay)
        return await _connection_error(super().execute_command(*args, **kwargs))

    def pipeline(self, transaction: Any = None, shard_hint: Any = None) -> ClusterPipeline:
        return _AsyncPipeline(self, transaction)  # type: ignore[abstract]  # as redis-py makes its own


class _AsyncPipeline(ClusterPipeline):
    async def execute(self, raise_on_error: bool = True, allow_redirections: bool = True) -> list[Any]:
        return await _connection_error(super().execute(raise_on_error, allow_redirections))


async def _connection_error(reply: Awaitable[Reply]) -> Reply:
    """Await a reply. redis-py closes connections that other tasks still open: they meet an AttributeError."""
    try:
        return await reply
    except AttributeError as error:
        raise redis.ConnectionError("the connection was closed while it was being opened") from error


@dataclass(frozen=True, slots=True)
class _Cluster:
    """The parts of a cluster's URL."""

    hosts: Sequence[tuple[str, int]]  # some of its servers: each knows the others
    options: Mapping[str, Any]  # user, password, TLS


def _parse_cluster(url: str) -> _Cluster | None:
    """Return None for the URL of one server. Raise RedisUrlError, which never shows a password."""
    scheme, _, rest = url.partition("://")
    if scheme not in CLUSTER_SCHEMES:
        return None
    netloc = re.split(r"[/?#]", rest, maxsplit=1)[0]
    if rest.removeprefix(netloc) not in ("", "/", "/0"):
        raise RedisUrlError(f"REDIS_URL must end after the cluster's servers; {ESCAPES}")
    login, _, servers = netloc.rpartition("@")
    user, _, password = login.partition(":")
    try:
        parts = [urlsplit(f"//{server}") for server in servers.split(",")]
        hosts = [(part.hostname or "localhost", part.port or 6379) for part in parts]
    except ValueError as error:
        raise RedisUrlError(
            f"REDIS_URL must name servers as host:port with commas between them, got {servers!r}"
        ) from error
    return _Cluster(
        hosts=hosts,
        options={
            "username": unquote(user) or None,
            "password": unquote(password) or None,
            "ssl": scheme == "rediss+cluster",
            "reinitialize_steps": 1,  # ask for the cluster's servers again after each error
            "socket_connect_timeout": 3.0,
        },
    )


def _checked(url: str) -> str:
    """Return the URL of one server as it is. Raise RedisUrlError if it is invalid."""
    try:  # no error is quoted: what looks like a port or an option may be a part of the password
        options = parse_qs(urlsplit(url).query, keep_blank_values=True)
        pool = redis.ConnectionPool.from_url(url)
    except ValueError as error:
        raise RedisUrlError(f"REDIS_URL is not a Redis URL: it must be {FORMS}; {ESCAPES}") from error
    if not options.keys() <= set(URL_OPTIONS):
        raise RedisUrlError(f"REDIS_URL may only have the options {', '.join(URL_OPTIONS)}; {ESCAPES}")
    try:
        pool.make_connection()  # does not connect yet
    except (TypeError, redis.RedisError) as error:
        raise RedisUrlError("REDIS_URL has options of TLS that need rediss://, or are invalid") from error
    return url


def _one_line(error: Exception) -> str:
    return " ".join(str(error).split())
