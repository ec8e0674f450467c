"""How the training scripts end when the user can mend what is wrong: in one line."""

import sys
from collections.abc import Callable

from engine.card import CardMismatchError
from training.export import ExportError
from training.state import CheckpointMismatchError


def run_script(main: Callable[[], None]) -> None:
    """Calls `main`; exits with 2 and a line where data are missing or a file is refused."""
    try:
        main()
    except (CardMismatchError, CheckpointMismatchError, ExportError) as error:
        _complain(str(error))
    except FileNotFoundError as error:
        _complain(f"{error.filename}: no such file")


def _complain(line: str) -> None:
    print(line, file=sys.stderr)
    sys.exit(2)
