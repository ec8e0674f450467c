"""Reasons for clients and operators when Redis is away or refuses to write."""

from ingest.bus.connection import CONNECTION_ERRORS

AWAY = "Redis does not answer"

# Parts of Redis' error messages, and their meaning. The messages themselves are not passed on: they may quote
# the command, and with it a password.
REFUSALS = {
    "MISCONF": "it cannot save to its disk",
    "'maxmemory'": "its memory is full",
    "read only replica": "it is a read-only replica",
    "o permissions to": "its user lacks a permission",
    "NOREPLICAS": "too few replicas are connected to it",
}


def outage(error: Exception) -> str | None:
    """Return the reason in one sentence; None for any other error, which is a bug of the service."""
    if isinstance(error, CONNECTION_ERRORS):
        return AWAY
    reason = next((meaning for part, meaning in REFUSALS.items() if part in str(error)), None)
    return None if reason is None else f"Redis refuses to write: {reason}"
