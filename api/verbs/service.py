"""HTTP client of a running service, for the commands: address, token and certificates from the environment.

MIEN_URL, MIEN_TOKEN, and MIEN_CA: a file of certificates to trust besides the machine's own, or `none` to
trust any.
"""

import http.client
import json
import shutil
import ssl
import urllib.error
import urllib.request
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from http import HTTPStatus
from pathlib import Path
from typing import Any, BinaryIO

from api.settings import ClientSettings

TIMEOUT = 30.0  # seconds; the service waits for its Redis
UPLOAD_TIMEOUT = 120.0  # seconds; the service probes the file before it answers
CHUNK = 1024 * 1024  # bytes


class RequestError(Exception):
    """The service is not reachable, or refuses the request; the message is one line."""

    def __init__(self, message: str, fields: Mapping[str, str] | None = None) -> None:
        """`fields`: parameter to the reason why it is refused."""
        super().__init__(message)
        self.fields = fields or {}


def request(method: str, path: str, body: Any = None) -> Any:
    """Send a request; return the JSON of the answer, None for an empty one. Raises RequestError."""
    data = None if body is None else json.dumps(body).encode()
    with _response(method, path, data, {"Content-Type": "application/json"}) as response:
        text = response.read()
        return json.loads(text) if text else None


def upload(path: str, file: Path) -> Any:
    """Post a file; return the JSON of the answer. Raises RequestError, and OSError of the file."""
    headers = {"Content-Type": "application/octet-stream", "Content-Length": str(file.stat().st_size)}
    with file.open("rb") as data, _response("POST", path, data, headers) as response:
        return json.loads(response.read())


def download(path: str, target: Path) -> None:
    """Write the body of the answer into a file, which appears when it is complete.

    Raises RequestError, and OSError of the file.
    """
    part = target.with_name(f".{target.name}.part")
    try:
        with _response("GET", path, None, {}) as response, part.open("wb") as file:
            shutil.copyfileobj(response, file, CHUNK)
            missing = response.length  # bytes; reading in pieces raises no IncompleteRead
        if missing:
            raise RequestError(f"{target.name}: the connection broke off {missing} bytes before the end")
        part.replace(target)
    except http.client.HTTPException as error:
        raise RequestError(f"{target.name}: the connection broke off") from error
    finally:
        part.unlink(missing_ok=True)


@contextmanager
def _response(
    method: str, path: str, data: bytes | BinaryIO | None, headers: Mapping[str, str]
) -> Iterator[Any]:
    address = ClientSettings.read("url").url.rstrip("/")
    try:
        headers = {**headers, **_authorization()}
        sent = urllib.request.Request(address + path, data=data, headers=headers, method=method)
        timeout = TIMEOUT if data is None or isinstance(data, bytes) else UPLOAD_TIMEOUT
        response = urllib.request.urlopen(sent, timeout=timeout, context=_tls_context())
    except urllib.error.HTTPError as error:
        with error:
            raise _refusal(error) from error
    except (OSError, ValueError) as error:
        raise _unreachable(address, error) from error
    with response:
        yield response


def _authorization() -> dict[str, str]:
    token = ClientSettings.read("token").token
    if not (token.isascii() and token.isprintable()):
        raise RequestError("MIEN_TOKEN must be a token as `mien tokens add` prints it")
    return {"Authorization": f"Bearer {token}"} if token else {}


def _tls_context() -> ssl.SSLContext:
    """Raises OSError where MIEN_CA is not a file of certificates."""
    authority = ClientSettings.read("authority").authority
    context = ssl.create_default_context()
    if authority == "none":
        context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
    elif authority:
        context.load_verify_locations(authority)
    return context


def _unreachable(address: str, error: Exception) -> RequestError:
    reason = getattr(error, "reason", error)
    if isinstance(reason, ssl.SSLCertVerificationError):
        return RequestError(
            f"this machine does not trust the certificate of {address}: {reason.verify_message}"
            " (name its authority in MIEN_CA)"
        )
    if isinstance(error, TimeoutError | ConnectionResetError):  # the request was sent
        return RequestError(
            f"the service at {address} got the request but did not answer; it may have done it or do it yet:"
            " look with `list` before you try again"
        )
    return RequestError(
        f"no mien service answers at {address}: {getattr(reason, 'strerror', None) or reason}"
        " (start one with `mien serve`, or set MIEN_URL)"
    )


def _refusal(error: urllib.error.HTTPError) -> RequestError:
    """The error of a problem document (RFC 9457), in one line."""
    if error.code == HTTPStatus.UNAUTHORIZED:
        if _authorization():
            return RequestError("MIEN_TOKEN is unknown to the service or was removed")
        return RequestError("the service requires a token: set MIEN_TOKEN to one of `mien tokens add`")
    try:
        problem = json.loads(error.read())
        fields = {str(each["field"]): str(each["detail"]) for each in problem.get("errors", ())}
        details = [f"{field}: {detail}" for field, detail in fields.items()]
        return RequestError("; ".join(details) or str(problem["detail"]), fields)
    except (ValueError, KeyError, TypeError, AttributeError):
        return RequestError(f"the service answers {error.code} {error.reason}")
