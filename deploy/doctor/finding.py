"""Record of one finding of the doctor."""

from dataclasses import dataclass
from typing import Literal

# ok: nothing to do; note: the service works, but could do more; fault: it cannot work.
State = Literal["ok", "note", "fault"]


@dataclass(frozen=True, slots=True)
class Finding:
    """One line of the doctor's report."""

    name: str
    state: State
    found: str  # without credentials
    advice: str = ""  # what to do; "" for nothing

    def to_line(self) -> str:
        advice = f"; {self.advice}" if self.advice else ""
        return f"{self.state:<6}{self.name:<18}{' '.join((self.found + advice).split())}"
