"""How the commands ask a running service: its address, the token, and whose certificates are believed.

MIEN_URL, MIEN_TOKEN, and MIEN_CA: a file of certificates to believe in besides the machine's own, or `none`,
which believes any.
"""

import json
import os
import ssl
import urllib.error
import urllib.request
from typing import Any

ADDRESS = "http://127.0.0.1:8400"
TIMEOUT = 10.0  # seconds


class RefusedError(Exception):
    """The service is not there, or says no; the message is one line."""


def ask(method: str, path: str, body: Any = None) -> Any:
    """The answer's JSON; None where it has no body. Raises RefusedError."""
    address = os.environ.get("MIEN_URL", ADDRESS).rstrip("/")
    try:
        request = urllib.request.Request(
            address + path,
            data=None if body is None else json.dumps(body).encode(),
            headers={"Content-Type": "application/json", **_authorization()},
            method=method,
        )
        with urllib.request.urlopen(request, timeout=TIMEOUT, context=_believed()) as response:
            text = response.read()
        return json.loads(text) if text else None
    except urllib.error.HTTPError as error:
        raise RefusedError(_problem(error)) from error
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


def _authorization() -> dict[str, str]:
    token = os.environ.get("MIEN_TOKEN", "").strip()
    if not (token.isascii() and token.isprintable()):
        raise RefusedError(
            "MIEN_TOKEN: expected a token as `mien tokens add` prints it, actual something else"
        )
    return {"Authorization": f"Bearer {token}"} if token else {}


def _believed() -> ssl.SSLContext:
    """Raises OSError where MIEN_CA names no file of certificates."""
    authority = os.environ.get("MIEN_CA", "")
    context = ssl.create_default_context()
    if authority == "none":
        context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
    elif authority:
        context.load_verify_locations(authority)
    return context


def _problem(error: urllib.error.HTTPError) -> str:
    """What an RFC 9457 document says, in one line."""
    try:
        problem = json.loads(error.read())
        details = [f"{each['field']}: {each['detail']}" for each in problem.get("errors", ())]
        return "; ".join(details) or str(problem["detail"])
    except (ValueError, KeyError, TypeError, AttributeError):
        return f"the service answers {error.code} {error.reason}"
