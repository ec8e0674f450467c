"""Record of one finding of the doctor."""

from dataclasses import dataclass
from typing import Literal

# ok: as it should be; note: works, but with less than it could have; fault: cannot work.
State = Literal["ok", "note", "fault"]


@dataclass(frozen=True, slots=True)
class Finding:
    """Something of this machine, and its state."""

    """One line of the doctor's report."""

    name: str
    state: State
    found: str  # without credentials
    advice: str = ""  # what to do; "" for nothing

    def to_line(self) -> str:
        advice = f"; {self.advice}" if self.advice else ""
        return f"{self.state:<6}{self.name:<18}{' '.join((self.found + advice).split())}"
