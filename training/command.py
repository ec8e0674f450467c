"""Command line of the training scripts: the shared options, and errors reported in one line."""

import sys
from argparse import ArgumentParser
from collections.abc import Callable
from pathlib import Path

from engine.card import MODELS, CardMismatchError
from training.export import ExportError
from training.paths import CHECKPOINTS, DATA, RUNS, SHARED
from training.state import CheckpointMismatchError, SettingsError


def training_parser(name: str, description: str | None) -> ArgumentParser:
    """Return the parser of a training script with the options that all three networks have."""
    parser = ArgumentParser(prog=f"python -m training.{name}", description=description)
    parser.add_argument("--run", type=Path, default=RUNS / f"{name}.toml", help="settings file")
    parser.add_argument("--data", type=Path, default=DATA, help="folder of the arrays and photos")
    parser.add_argument("--checkpoint", type=Path, default=CHECKPOINTS / f"{name}.pt", help="file to resume")
    parser.add_argument("--start", type=Path, help="checkpoint of another run to take the first weights from")
    parser.add_argument("--models", type=Path, default=MODELS, help="folder for the weights and their card")
    return parser


def evaluation_parser(name: str, description: str | None) -> ArgumentParser:
    """Return the parser of a script that reads the weights of a folder and the shared data."""
    parser = ArgumentParser(prog=f"python -m training.{name}", description=description)
    parser.add_argument("--models", type=Path, default=MODELS, help="folder of the weights and cards")
    parser.add_argument("--shared", type=Path, default=SHARED, help="folder of data, models and videos")
    return parser


def run_script(main: Callable[[], None]) -> None:
    """Call `main`; exit with status 2 and one line on stderr for an error that the user can fix."""
    try:
        main()
    except (CardMismatchError, CheckpointMismatchError, ExportError, SettingsError) as error:
        message = str(error)
    except FileNotFoundError as error:
        message = f"{error.filename}: no such file"
    else:
        return
    print(message, file=sys.stderr)
    sys.exit(2)
