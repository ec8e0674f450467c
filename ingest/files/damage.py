"""Records where a recording is damaged, from the times that the decoder reports. Pure."""

from dataclasses import astuple, dataclass
from typing import Any

# Damaged intervals that are closer together become one.
MERGE_GAP = 500_000_000  # ns


@dataclass(frozen=True, slots=True)
class Damage:
    """An interval of a recording from its last good frame to the next one, or to its end."""

    started: int  # ns of media time
    ended: int  # ns
    reason: str


class DamageLog:
    """Damaged intervals in order.

    An error comes with the time of its packet, before frames that the decoder still holds back. So it stays
    open until a whole frame of that time or a later one.
    """

    def __init__(self) -> None:
        self.found: list[Damage] = []
        self.last = 0  # ns; the last good frame
        self._first_error: int | None = None
        self._last_error = 0
        self._reason = ""

    def error(self, media_time: int, reason: str) -> None:
        """Add an error in data of `media_time` (ns)."""
        if self._first_error is None:
            self._first_error, self._last_error, self._reason = media_time, media_time, ""
        self._reason = _joined(self._reason, reason)
        self._first_error = min(self._first_error, media_time)
        self._last_error = max(self._last_error, media_time)

    def good(self, media_time: int) -> bool:
        """Add a whole frame; return whether there is damage between it and the one before."""
        damaged = self._first_error is not None and media_time >= self._first_error
        if damaged:
            self._add(Damage(self.last, media_time, self._reason))
            self._first_error = media_time if media_time < self._last_error else None
        self.last = media_time
        return damaged

    def end(self, ended: int, missing: str | None) -> None:
        """Add the end of the frames; `missing`: the reason if they should have lasted until `ended` (ns)."""
        reason = missing or (self._reason if self._first_error is not None else None)
        if reason is not None:
            self._add(Damage(self.last, max(ended, self.last), reason))
        self._first_error = None

    def state(self) -> dict[str, Any]:
        """Return the log in JSON types, for `restored`."""
        return {
            "found": [list(astuple(damage)) for damage in self.found],
            "last": self.last,
            "error": [self._first_error, self._last_error, self._reason],
        }

    @classmethod
    def restored(cls, state: dict[str, Any]) -> "DamageLog":
        log = cls()
        log.found = [Damage(*fields) for fields in state["found"]]
        log.last = state["last"]
        log._first_error, log._last_error, log._reason = state["error"]
        return log

    def _add(self, damage: Damage) -> None:
        if self.found and damage.started - self.found[-1].ended <= MERGE_GAP:
            before = self.found.pop()
            damage = Damage(before.started, damage.ended, _joined(before.reason, damage.reason))
        self.found.append(damage)


def _joined(first: str, second: str) -> str:
    """Join two reasons, each of them once."""
    return first if second in first else f"{first}; {second}" if first else second
