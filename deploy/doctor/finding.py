"""What the doctor found, one record a line."""

from dataclasses import dataclass
from typing import Literal

# As it should be; works, with less than it could have; cannot work like this.
State = Literal["ok", "note", "fault"]


@dataclass(frozen=True, slots=True)
class Finding:
    """One line of the doctor's report."""

    name: str
    state: State
    found: str  # in words, without credentials
    advice: str = ""  # what to do about it; "" where there is nothing to do

    def in_words(self) -> str:
        """One line."""
        advice = f"; {self.advice}" if self.advice else ""
        return f"{self.state:<6}{self.name:<18}{' '.join((self.found + advice).split())}"
