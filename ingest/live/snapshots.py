"""Fetches the pictures of a camera that sends a single JPEG for each request, over one connection.

FFmpeg would open a connection for each picture, and two where the camera asks for Digest authentication.
"""

import ssl
import time
from contextlib import suppress
from typing import Self
from urllib.parse import unquote, urlsplit

import httpx

from ingest.live.stream import SourceLostError
from ingest.network.allowlist import Allowlist, allowed_addresses
from ingest.network.source_types import HTTP
from ingest.settings import IngestSettings

MAX_BYTES = 64_000_000  # of one picture; a guess, ten times a large one
MAX_REDIRECTS = 5
STREAMS = ("multipart/", "video/")  # content types of more than one picture
REFUSALS = {
    401: "user name or password refused",
    403: "access refused",
    404: "no such picture on the server",
}
REASONS = {
    httpx.ConnectTimeout: "no answer in time",
    httpx.TimeoutException: "no data in time",
    httpx.ConnectError: "no connection",
    httpx.NetworkError: "the connection broke",
    httpx.TooManyRedirects: f"more than {MAX_REDIRECTS} redirections",
    httpx.UnsupportedProtocol: "the camera redirects to another protocol",
}
HEADERS = {"User-Agent": "mien", "Accept-Encoding": "identity"}


class UnknownAnswerError(Exception):
    """An answer that is more than one picture, or no HTTP that this client understands."""


class Snapshots:
    """Requests of one address, which keep their connection and their authentication."""

    def __init__(self, address: str, settings: IngestSettings, *, max_bytes: int = MAX_BYTES) -> None:
        """`address`: a URL with its user name and password."""
        parts = urlsplit(address)
        user, _, host = parts.netloc.rpartition("@")
        name, _, password = user.partition(":")
        self._url = parts._replace(netloc=host).geturl()
        self._login = (unquote(name), unquote(password)) if user else None
        self._wait = max(settings.open_timeout, settings.read_timeout)
        self._max_bytes = max_bytes
        self._client = httpx.Client(
            transport=_Transport(settings.networks),
            headers=HEADERS,
            timeout=httpx.Timeout(settings.read_timeout, connect=settings.open_timeout),
            follow_redirects=True,
            max_redirects=MAX_REDIRECTS,
        )

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._client.close()

    def fetch(self) -> bytes:
        """Return the next picture. Raise SourceLostError, ForbiddenError or UnknownAnswerError."""
        try:
            # The camera may close the idle connection just when the request is sent.
            with suppress(httpx.NetworkError, httpx.RemoteProtocolError):
                return self._picture()
            return self._picture()
        except httpx.RemoteProtocolError as error:
            raise UnknownAnswerError from error
        except (httpx.RequestError, httpx.InvalidURL) as error:
            raise SourceLostError(_reason(error)) from error

    def _picture(self) -> bytes:
        with self._client.stream("GET", self._url) as response:
            if response.status_code != httpx.codes.UNAUTHORIZED or not self._authenticate(response):
                return self._body(response)
        with self._client.stream("GET", self._url) as response:
            return self._body(response)

    def _authenticate(self, refusal: httpx.Response) -> bool:
        """Log in from the next request on; return False without a login, or after one that was refused."""
        if self._login is None or self._client.auth is not None:
            return False
        challenges = refusal.headers.get_list("www-authenticate")
        is_digest = any(each.lower().startswith("digest ") for each in challenges)
        self._client.auth = (httpx.DigestAuth if is_digest else httpx.BasicAuth)(*self._login)
        return True

    def _body(self, response: httpx.Response) -> bytes:
        if not response.is_success:
            status = response.status_code
            raise SourceLostError(REFUSALS.get(status, f"the camera answers with the error {status}"))
        if response.headers.get("content-type", "").lower().startswith(STREAMS):
            raise UnknownAnswerError
        data, until = bytearray(), time.monotonic() + self._wait
        for chunk in response.iter_bytes():
            data += chunk
            if len(data) > self._max_bytes:
                raise SourceLostError(f"a picture has more than {self._max_bytes / 1e6:g} MB")
            if time.monotonic() > until:
                raise SourceLostError(f"a picture takes longer than {self._wait:g} s")
        return bytes(data)


class _Transport(httpx.BaseTransport):
    """Connects to addresses that sources may be at, also after a redirection."""

    def __init__(self, allowlist: Allowlist) -> None:
        context = ssl.create_default_context()  # accepts any certificate: cameras sign theirs themselves
        context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
        self._transport = httpx.HTTPTransport(
            verify=context, trust_env=False, limits=httpx.Limits(keepalive_expiry=None)
        )
        self._allowlist = allowlist
        self._addresses: dict[tuple[str, int], list[str]] = {}

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        """Send a request to a checked address of its host. Raise ForbiddenError and httpx's errors."""
        *others, last = self._checked(request.url)
        for address in others:
            with suppress(httpx.ConnectError, httpx.ConnectTimeout):
                return self._transport.handle_request(_at(address, request))
        return self._transport.handle_request(_at(last, request))

    def close(self) -> None:
        self._transport.close()

    def _checked(self, url: httpx.URL) -> list[str]:
        if url.scheme not in HTTP.ports:
            raise httpx.UnsupportedProtocol(url.scheme)
        place = url.host, url.port or HTTP.ports[url.scheme]
        if place not in self._addresses:
            try:
                self._addresses[place] = allowed_addresses(*place, self._allowlist)
            except OSError as error:
                raise SourceLostError("no such host") from error
        return self._addresses[place]


def _at(address: str, request: httpx.Request) -> httpx.Request:
    """Return the request with an IP address in place of its host, which stays in the header and in TLS."""
    extensions = {**request.extensions, "sni_hostname": request.url.host}
    url = request.url.copy_with(host=address)
    return httpx.Request(
        request.method, url, headers=request.headers, stream=request.stream, extensions=extensions
    )


def _reason(error: Exception) -> str:
    return next((reason for kind, reason in REASONS.items() if isinstance(error, kind)), "no picture")
