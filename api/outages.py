"""What people are told when Redis is away, or is there and refuses to write."""

from ingest.bus.connection import CONNECTION_ERRORS

AWAY = "Redis does not answer"

# What a server says that takes no writes, and what that means. The rest of what it says is not passed on: it
# may quote the command, and with it a password.
REFUSALS = {
    "MISCONF": "it cannot save to its disk",
    "'maxmemory'": "its memory is full",
    "read only replica": "it is a replica, which follows another server",
    "NOREPLICAS": "too few replicas follow it",
}


def outage(error: Exception) -> str | None:
    """What Redis cannot do just now, in words. None for any other error: then the fault is ours."""
    if isinstance(error, CONNECTION_ERRORS):
        return AWAY
    said = str(error)
    found = next((meaning for sign, meaning in REFUSALS.items() if sign in said), None)
    return None if found is None else f"Redis refuses to write: {found}"
