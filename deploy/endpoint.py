"""Where the service listens, what it asks of those who come, and whether it answers."""

import asyncio
import socket
import ssl
from dataclasses import dataclass
from pathlib import Path

from api.access.certificates import CertificateError, KeyPair, key_pair
from api.settings import checked_port
from deploy.redis_server import WRONG_PASSWORD
from ingest.bus.connection import CONNECTION_ERRORS, AuthenticationError, connect
from ingest.bus.keys import TOKENS
from ingest.environment import SettingError
from ingest.settings import IngestSettings, TokenMode, is_loopback

ANSWERS_WITHIN = 1.0  # seconds

# Hosts that stand for all addresses of a machine, with an address elsewhere, as documentation uses it.
EVERYWHERE = {
    "0.0.0.0": (socket.AF_INET, "192.0.2.1"),
    "::": (socket.AF_INET6, "2001:db8::1"),
}

HOW_TO_ADD = "add one with: mien tokens add NAME --scope operate --data"


class ListeningError(Exception):
    """Nobody can be served like this; the message is one line for people."""


@dataclass(frozen=True, slots=True)
class Listening:
    """An address, whether tokens are asked for there, and with which certificate it is served."""

    host: str
    port: int
    tokens: TokenMode = "open"
    pair: KeyPair | None = None

    @property
    def address(self) -> str:
        """Where a browser finds the dashboard; where it listens everywhere, one of the addresses."""
        host = own_address(self.host) if self.is_everywhere else self.host
        host = f"[{host}]" if ":" in host else host
        return f"{'https' if self.pair else 'http'}://{host}:{self.port}"

    @property
    def is_everywhere(self) -> bool:
        """Whether it listens at all addresses of this machine, by a host that no browser can open."""
        return self.host in EVERYWHERE

    @property
    def is_readable_by_others(self) -> bool:
        """Whether what goes over the network can be read on its way, tokens and pictures too."""
        return self.pair is None and not is_loopback(self.host)

    def environment(self) -> dict[str, str]:
        """What the parts of the service are told of this."""
        told: dict[str, str] = {"MIEN_TOKENS": self.tokens}
        if self.pair is not None:
            told |= {
                "MIEN_TLS_CERTIFICATE": str(self.pair.certificate),
                "MIEN_TLS_KEY": str(self.pair.key),
            }
        return told

    async def answers(self) -> bool:
        """Whether the API does, whatever its certificate says: it is ours."""
        try:
            async with asyncio.timeout(ANSWERS_WITHIN):
                reader, writer = await asyncio.open_connection(
                    self.host, self.port, ssl=_unverified() if self.pair else None
                )
                try:
                    writer.write(b"GET /healthz HTTP/1.0\r\nHost: localhost\r\n\r\n")
                    return await reader.read(5) == b"HTTP/"
                finally:
                    writer.close()
        except (OSError, TimeoutError):  # ssl.SSLError is an OSError
            return False


def listening(host: str, port: int, certificate: Path | None, key: Path | None) -> Listening:
    """What the arguments and MIEN_TOKENS say. Raises ListeningError."""
    try:
        tokens = IngestSettings.read("tokens").tokens_for(host)
        return Listening(host, checked_port(port), tokens, key_pair(certificate, key))
    except (SettingError, CertificateError) as error:
        raise ListeningError(str(error)) from error


def own_address(everywhere: str) -> str:
    """This machine's address on the way to others, IPv6 for `::`; its name where there is none."""
    family, other = EVERYWHERE[everywhere]
    try:
        with socket.socket(family, socket.SOCK_DGRAM) as probe:
            probe.connect((other, 9))  # sends nothing: it only looks for the way
            return str(probe.getsockname()[0])
    except OSError:
        return socket.gethostname()


def tokens_are_there(url: str, data: Path) -> bool:
    """False while Redis does not answer. Raises ListeningError where nobody could get in, nor we there."""
    try:
        with connect(url, retries=0) as client:
            if client.exists(TOKENS):
                return True
    except AuthenticationError as error:
        raise ListeningError(WRONG_PASSWORD) from error
    except CONNECTION_ERRORS:
        return False
    raise ListeningError(f"expected at least one token, actual none: {HOW_TO_ADD} {data}")


def _unverified() -> ssl.SSLContext:
    context = ssl.create_default_context()
    context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
    return context
