"""Endpoint of the service: address and port, access by tokens, TLS, and a check that the API answers."""

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
from ingest.network.allowlist import is_loopback
from ingest.settings import IngestSettings, TokenMode

TIMEOUT = 1.0  # seconds

# Hosts that stand for all addresses of a machine, each with an address reserved for documentation.
WILDCARD_HOSTS = {"0.0.0.0": (socket.AF_INET, "192.0.2.1"), "::": (socket.AF_INET6, "2001:db8::1")}

HOW_TO_ADD = "add one with: mien tokens add NAME --scope operate --data"


class EndpointError(Exception):
    """The service cannot listen like this; the message is one line."""


@dataclass(frozen=True, slots=True)
class Endpoint:
    """An address, whether clients need a token there, and the certificate that it is served with."""

    host: str
    port: int
    tokens: TokenMode = "open"
    pair: KeyPair | None = None

    @property
    def address(self) -> str:
        """URL of the dashboard, one of several if the service listens on all addresses."""
        host = own_address(self.host) if self.is_wildcard else self.host
        host = f"[{host}]" if ":" in host else host
        return f"{'https' if self.pair else 'http'}://{host}:{self.port}"

    @property
    def is_wildcard(self) -> bool:
        """True if it listens on all addresses of this machine, by a host that no browser can open."""
        return self.host in WILDCARD_HOSTS

    @property
    def is_plain_text_to_others(self) -> bool:
        """True if tokens and video cross a network unencrypted."""
        return self.pair is None and not is_loopback(self.host)

    def environment(self) -> dict[str, str]:
        """Return the environment variables that give it to the parts of the service."""
        if self.pair is None:
            return {"MIEN_TOKENS": self.tokens}
        certificate, key = str(self.pair.certificate), str(self.pair.key)
        return {"MIEN_TOKENS": self.tokens, "MIEN_TLS_CERTIFICATE": certificate, "MIEN_TLS_KEY": key}

    async def answers(self) -> bool:
        """Return whether the API answers."""
        try:
            return await self._ask() == b"HTTP/"
        except (OSError, TimeoutError):  # ssl.SSLError is an OSError
            return False

    async def responds(self) -> bool:
        """Return whether the API answers or at least closes the connection, as a busy one may do."""
        try:
            await self._ask()
        except (TimeoutError, ConnectionRefusedError):
            return False
        except OSError:
            return True
        return True

    async def _ask(self) -> bytes:
        """Return the first bytes of an answer; the certificate is not verified, since it is our own."""
        async with asyncio.timeout(TIMEOUT):
            tls = _unverified() if self.pair else None
            reader, writer = await asyncio.open_connection(self.host, self.port, ssl=tls)
            try:
                writer.write(b"GET /healthz HTTP/1.0\r\nHost: localhost\r\n\r\n")
                return await reader.read(5)
            finally:
                writer.close()


def endpoint_for(host: str, port: int, certificate: Path | None, key: Path | None) -> Endpoint:
    """Return the endpoint of these options and MIEN_TOKENS. Raises EndpointError."""
    try:
        tokens = IngestSettings.read("tokens").tokens_for(host)
        return Endpoint(host, checked_port(port), tokens, key_pair(certificate, key))
    except (SettingError, CertificateError) as error:
        raise EndpointError(str(error)) from error


def check_port(host: str, port: int) -> None:
    """Raise EndpointError if no server could listen there now."""
    try:
        family, _, _, _, address = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[0]
        with socket.socket(family, socket.SOCK_STREAM) as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            probe.bind(address)
            probe.listen()
    except OSError as error:  # socket.gaierror is one
        raise EndpointError(f"cannot listen on {host}:{port}: {error.strerror}") from error


def own_address(host: str) -> str:
    """Return this machine's address towards others, IPv6 for `::`; its name where it has none."""
    family, other = WILDCARD_HOSTS[host]
    try:
        with socket.socket(family, socket.SOCK_DGRAM) as probe:
            probe.connect((other, 9))  # a datagram socket sends nothing when it is connected
            return str(probe.getsockname()[0])
    except OSError:
        return socket.gethostname()


def has_tokens(url: str | None, data: Path) -> bool:
    """Return True if there are tokens, False while Redis (`url`, else REDIS_URL) does not answer.

    Raises EndpointError if there is no token, or Redis refuses the password.
    """
    try:
        with connect(url, retries=0) as client:
            if client.exists(TOKENS):
                return True
    except AuthenticationError as error:
        raise EndpointError(WRONG_PASSWORD) from error
    except CONNECTION_ERRORS:
        return False
    raise EndpointError(f"there is no access token: {HOW_TO_ADD} {data}")


def _unverified() -> ssl.SSLContext:
    context = ssl.create_default_context()
    context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
    return context
