"""Requests of the commands to a running service: its address, the token, and whose certificates are believed.

MIEN_URL, MIEN_TOKEN, and MIEN_CA: a file of certificates to believe in besides the machine's own, or `none`,
which believes any.
"""

import json
import ssl
import urllib.error
import urllib.request
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any, BinaryIO

from api.settings import ClientSettings

TIMEOUT = 10.0  # seconds
FILE_TIMEOUT = 120.0  # seconds; what is uploaded is looked at before the answer comes
UNAUTHORIZED = 401
AT_ONCE = 1024 * 1024  # bytes


class RefusedError(Exception):
    """The service is not there, or says no; the message is one line."""

    def __init__(self, message: str, fields: Mapping[str, str] | None = None) -> None:
        """`fields`: what is wrong with which part of what was asked."""
        super().__init__(message)
        self.fields = fields or {}


def ask(method: str, path: str, body: Any = None) -> Any:
    """The answer's JSON; None where it has no body. Raises RefusedError."""
    data = None if body is None else json.dumps(body).encode()
    with _answer(method, path, data, {"Content-Type": "application/json"}) as response:
        text = response.read()
        return json.loads(text) if text else None


def send(path: str, file: Path) -> Any:
    """Posts a file as the body; gives the answer's JSON. Raises RefusedError, and OSError of the file."""
    headers = {"Content-Type": "application/octet-stream", "Content-Length": str(file.stat().st_size)}
    with file.open("rb") as data, _answer("POST", path, data, headers) as response:
        return json.loads(response.read())


def fetch(path: str, target: Path) -> None:
    """Puts the answer's body into a file. Raises RefusedError, and OSError of the file."""
    with _answer("GET", path, None, {}) as response, target.open("wb") as file:
        while data := response.read(AT_ONCE):
            file.write(data)


@contextmanager
def _answer(
    method: str, path: str, data: bytes | BinaryIO | None, headers: Mapping[str, str]
) -> Iterator[Any]:
    address = ClientSettings.read("url").url.rstrip("/")
    try:
        request = urllib.request.Request(
            address + path, data=data, headers={**headers, **_authorization()}, method=method
        )
        timeout = TIMEOUT if data is None or isinstance(data, bytes) else FILE_TIMEOUT
        response = urllib.request.urlopen(request, timeout=timeout, context=_believed())
    except urllib.error.HTTPError as error:
        raise _refused(error) from error
    except (OSError, ValueError) as error:
        reason = getattr(error, "reason", error)
        if isinstance(reason, ssl.SSLCertVerificationError):
            raise RefusedError(
                f"{address}: expected a certificate that this machine believes, or MIEN_CA to name it; "
                f"actual: {reason.verify_message}"
            ) from error
        raise RefusedError(
            f"no mien service answers at {address}: {getattr(reason, 'strerror', None) or reason}"
            " (start one with `mien serve`, or set MIEN_URL)"
        ) from error
    with response:
        yield response


def _authorization() -> dict[str, str]:
    token = ClientSettings.read("token").token
    if not (token.isascii() and token.isprintable()):
        raise RefusedError("MIEN_TOKEN must be an access token, as `mien tokens add` prints it")
    return {"Authorization": f"Bearer {token}"} if token else {}


def _believed() -> ssl.SSLContext:
    """Raises OSError where MIEN_CA names no file of certificates."""
    authority = ClientSettings.read("authority").authority
    context = ssl.create_default_context()
    if authority == "none":
        context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
    elif authority:
        context.load_verify_locations(authority)
    return context


def _refused(error: urllib.error.HTTPError) -> RefusedError:
    """Return the message of an RFC 9457 document in one line."""
    if error.code == UNAUTHORIZED:
        return RefusedError(_whose_token())
    try:
        problem = json.loads(error.read())
        fields = {str(each["field"]): str(each["detail"]) for each in problem.get("errors", ())}
        details = [f"{field}: {detail}" for field, detail in fields.items()]
        return RefusedError("; ".join(details) or str(problem["detail"]), fields)
    except (ValueError, KeyError, TypeError, AttributeError):
        return RefusedError(f"the service answers {error.code} {error.reason}")


def _whose_token() -> str:
    if _authorization():
        return "unknown or removed token in MIEN_TOKEN: add one with `mien tokens add`"
    return "the service asks for a token: set MIEN_TOKEN to one that `mien tokens add` has printed"
