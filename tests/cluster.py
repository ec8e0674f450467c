"""A real Redis Cluster for tests: three servers that share out the keys, each of which can be killed."""

import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from deploy.redis_server import find_server
from ingest.bus.connection import connect
from ingest.child_process import ends_with_parent
from tests.deploy.service import free_port
from tests.waiting import until

SERVERS = 3
SLOTS = 16384
PATIENCE = 30.0  # seconds


class Cluster:
    """Servers on this machine that begin empty, and keep what they hold when they are killed."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self.ports = [free_port() for _ in range(SERVERS)]
        self._bus = {port: free_port() for port in self.ports}  # where they talk to each other
        self._processes: dict[int, subprocess.Popen[bytes]] = {}
        for port in self.ports:
            self.begin(port)
        self._join()

    @property
    def url(self) -> str:
        return "redis+cluster://" + ",".join(f"127.0.0.1:{port}" for port in self.ports)

    def begin(self, port: int) -> None:
        """Starts a server; it ends with the thread that does so."""
        folder = self._folder / str(port)
        folder.mkdir(exist_ok=True)
        settings = {
            "port": port,
            "cluster-port": self._bus[port],
            "bind": "127.0.0.1",
            "dir": folder,
            "logfile": "redis.log",
            "cluster-enabled": "yes",
            "cluster-node-timeout": 2000,
            "cluster-require-full-coverage": "no",
            "save": "",
            "appendonly": "yes",
            "appendfsync": "always",
            "auto-aof-rewrite-percentage": 0,
            "stream-node-max-entries": 1,
        }
        options = [str(part) for name, value in settings.items() for part in (f"--{name}", value)]
        command = [str(find_server()), *options]
        self._processes[port] = subprocess.Popen(command, preexec_fn=ends_with_parent())

    def start(self, port: int) -> None:
        """Starts a server that was killed, and waits until the others count on it again."""
        self.begin(port)
        self.wait()

    def wait(self) -> None:
        until(self._agrees, PATIENCE, "the servers to know each other")

    def repair(self) -> None:
        """Starts what a test has left killed."""
        for port in self.ports:
            if port not in self._processes:
                self.start(port)

    def kill(self, port: int) -> None:
        process = self._processes.pop(port)
        process.kill()
        process.wait()

    def close(self) -> None:
        for port in list(self._processes):
            self.kill(port)

    def clients(self) -> Iterator[Any]:
        """A connection to each server by itself."""
        for port in self.ports:
            with connect(f"redis://127.0.0.1:{port}") as client:
                yield client

    def port_of(self, key: str) -> int:
        """Return the port of the server that has the key."""
        client: Any = connect(self.url)
        with client:
            return int(client.get_node_from_key(key).port)

    def all_keys(self) -> list[bytes]:
        return [key for client in self.clients() for key in client.keys("*")]

    def empty(self) -> None:
        for client in self.clients():
            client.flushall()

    def _join(self) -> None:
        first = f"redis://127.0.0.1:{self.ports[0]}"
        bounds = [SLOTS * number // SERVERS for number in range(SERVERS + 1)]
        for number, client in enumerate(self.clients()):
            client.execute_command("CLUSTER ADDSLOTSRANGE", bounds[number], bounds[number + 1] - 1)
            client.execute_command("CLUSTER SET-CONFIG-EPOCH", number + 1)
        with connect(first) as client:
            for port in self.ports[1:]:
                client.execute_command("CLUSTER MEET", "127.0.0.1", port, self._bus[port])
        self.wait()

    def _agrees(self) -> bool:
        told = [client.execute_command("CLUSTER INFO") for client in self.clients()]
        return all(
            each["cluster_state"] == "ok" and int(each["cluster_known_nodes"]) == SERVERS for each in told
        )
