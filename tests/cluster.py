"""A real Redis Cluster of three servers, each of which can be killed."""

import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from deploy.redis_server import find_server
from ingest.bus.client import Redis
from ingest.bus.connection import connect
from ingest.child_process import ends_with_parent
from tests.deploy.service import free_port
from tests.waiting import until

SERVERS = 3
SLOTS = 16384
TIMEOUT = 30.0  # seconds


class Cluster:
    """Servers on this machine that start empty, and keep their data when they are killed."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self.ports = [free_port() for _ in range(SERVERS)]
        self._bus_ports = {port: free_port() for port in self.ports}  # of the connections between servers
        self._processes: dict[int, subprocess.Popen[bytes]] = {}
        for port in self.ports:
            self.launch(port)
        self._join()

    @property
    def url(self) -> str:
        return "redis+cluster://" + ",".join(f"127.0.0.1:{port}" for port in self.ports)

    def launch(self, port: int) -> None:
        """Start a server, which ends with the thread that calls this."""
        folder = self._folder / str(port)
        folder.mkdir(exist_ok=True)
        settings = {
            "port": port,
            "cluster-port": self._bus_ports[port],
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
        """Start a killed server, and wait until the cluster is whole."""
        self.launch(port)
        self.wait()

    def wait(self) -> None:
        until(self._is_whole, TIMEOUT, "the servers to know each other")

    def repair(self) -> None:
        """Start the servers that a test has left killed."""
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

    def clients(self) -> Iterator[Redis]:
        """Yield a client of each server."""
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
            client.execute_command("FLUSHALL")

    def _join(self) -> None:
        first = f"redis://127.0.0.1:{self.ports[0]}"
        bounds = [SLOTS * number // SERVERS for number in range(SERVERS + 1)]
        for number, client in enumerate(self.clients()):
            client.execute_command("CLUSTER ADDSLOTSRANGE", bounds[number], bounds[number + 1] - 1)
            client.execute_command("CLUSTER SET-CONFIG-EPOCH", number + 1)
        with connect(first) as client:
            for port in self.ports[1:]:
                client.execute_command("CLUSTER MEET", "127.0.0.1", port, self._bus_ports[port])
        self.wait()

    def _is_whole(self) -> bool:
        infos = [client.execute_command("CLUSTER INFO") for client in self.clients()]
        return all(
            each["cluster_state"] == "ok" and int(each["cluster_known_nodes"]) == SERVERS for each in infos
        )
