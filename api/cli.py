"""The command `mien`. What a verb needs is imported when it is called: `mien --help` answers at once."""

import argparse
import math
import os
import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TypeAlias

from ingest.bus.source_config import DEFAULT_RATE, MAX_RATE, MIN_RATE

Verbs: TypeAlias = "argparse._SubParsersAction[argparse.ArgumentParser]"

RUN = """\
Read videos and still pictures, and write for each a folder of results: readings.parquet,
readings.csv, spans.csv, coverage.csv, timeline.vtt, summary.json and report.html. No server is needed.

A folder is named after its file; where two share a name, after the file with its suffix, then numbered.
A folder given as input stands for what lies directly in it: its pictures together give one folder of
results, in which `source` is the picture's name; each of its videos gives its own.
"""
RUN_END = """\
exit codes: 0 all read; 1 the results could not be written; 2 an input could not be read at all (the
others were); 3 an input was damaged (what was good of it was read); 130 stopped by Ctrl-C (what was
read until then is kept)
"""


def main(words: Sequence[str] | None = None) -> int:
    """Runs a verb; gives the exit code."""
    for stream in (sys.stdout, sys.stderr):
        # A file name must not stop the work because the terminal cannot show it.
        if hasattr(stream, "reconfigure"):
            stream.reconfigure(errors="backslashreplace")
    parser = command_line()
    arguments, rest = parser.parse_known_args(words)
    if rest and not arguments.passes_on:
        parser.error(f"unrecognized arguments: {' '.join(rest)}")
    arguments.rest = rest
    try:
        code: int = arguments.verb(arguments)
    except KeyboardInterrupt:
        code = 130
    except BrokenPipeError:
        # Who read our output has gone; what is still buffered must not complain at exit.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        code = 1
    return code


class ShowVersion(argparse.Action):
    """`--version`: looked up when it is asked for, which takes longer than the help does."""

    def __call__(self, parser: argparse.ArgumentParser, *_: object) -> None:
        from ingest.version import VERSION

        print(f"mien {VERSION}")
        parser.exit()


def command_line() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="mien", description="Video in, timelines of emotions for each face out."
    )
    parser.set_defaults(passes_on=False)
    parser.add_argument("--version", action=ShowVersion, nargs=0, help="show the version and stop")
    verbs = parser.add_subparsers(title="verbs", required=True, metavar="VERB")
    _add_run(verbs)
    _add_sources(verbs)
    _add_recordings(verbs)
    _add_models(verbs)
    for name, module, purpose in (
        ("serve", "deploy.serve", "run the service on this machine: cameras in, dashboard out"),
        ("tokens", "deploy.tokens", "add, list and remove access tokens for clients on other machines"),
        ("ingest", "ingest", "run one part of the service: reads the cameras"),
        ("engine", "engine", "run one part of the service: reads the faces"),
        ("jobs", "api.jobs", "run one part of the service: reads recordings"),
        ("api", "api", "run one part of the service: serves dashboard and REST"),
        ("alive", "deploy.liveness", "check that a part of the service is alive (a probe for supervisors)"),
        ("doctor", "deploy.doctor", "check what this machine has and lacks, with advice"),
        ("bench", "deploy.bench", "measure how many cameras this machine keeps up with, and its bottleneck"),
    ):
        _add_module(verbs, name, module, purpose)
    return parser


def _add(
    verbs: Verbs, name: str, call: Callable[[argparse.Namespace], int], purpose: str
) -> argparse.ArgumentParser:
    verb = verbs.add_parser(name, help=purpose, description=purpose, allow_abbrev=False)
    verb.set_defaults(verb=call)
    return verb


def _add_run(verbs: Verbs) -> None:
    verb = verbs.add_parser(
        "run",
        help="read videos and still pictures, write their timelines",
        description=RUN,
        epilog=RUN_END,
        formatter_class=argparse.RawDescriptionHelpFormatter,
        allow_abbrev=False,
    )
    verb.set_defaults(verb=_run)
    verb.add_argument(
        "inputs", type=Path, nargs="+", metavar="FILE", help="a video, a picture, or a folder of them"
    )
    verb.add_argument(
        "--out", type=Path, required=True, metavar="DIR", help="where the folders of results go"
    )
    verb.add_argument("--video", action="store_true", help="write the annotated video, or pictures, as well")
    verb.add_argument(
        "--rate",
        type=_rate,
        default=DEFAULT_RATE,
        metavar="N|all",
        help=f"readings a second for each face, at most {MAX_RATE:g}, or `all`: every frame "
        "(default: %(default)g)",
    )
    verb.add_argument(
        "--json", action="store_true", help="print the summary, or the list of them, on standard output"
    )
    verb.add_argument("--threads", type=_threads, metavar="N", help="for the networks (default: one a core)")
    verb.add_argument(
        "--detector",
        choices=("mien", "yunet"),
        help="which network finds the faces (default: MIEN_DETECTOR, else mien); "
        "yunet is to be had by `mien models get yunet`",
    )


def _add_models(verbs: Verbs) -> None:
    models = _add(verbs, "models", _models, "show the networks that are installed, and how good they are")
    actions = models.add_subparsers(metavar="get")
    got = _add(actions, "get", _get_network, "download a network that is not shipped")
    got.add_argument("network", choices=("yunet",), help="yunet: finds faces, see --detector of `mien run`")
    got.add_argument(
        "--data", type=Path, metavar="DIR", help="the data folder (default: MIEN_DATA, else data)"
    )
    got.add_argument(
        "--from", dest="source", metavar="URL|FILE", help="where else the same file is; its hash is checked"
    )


def _add_sources(verbs: Verbs) -> None:
    purpose = "the cameras of a running service (at MIEN_URL, default http://127.0.0.1:8400)"
    actions = verbs.add_parser("sources", help=purpose, description=purpose).add_subparsers(
        required=True, metavar="add|list|change|remove"
    )
    add = _add(actions, "add", _sources("add"), "add a source")
    add.add_argument("name", metavar="NAME", help="for people; the id is made of it")
    add.add_argument(
        "url",
        metavar="URL",
        help="rtsp, rtsps, http or https address, webcam:0, or a file of the media folder: clip.mp4?loop",
    )
    _add_settings_of_a_source(add)
    shown = _add(actions, "list", _sources("list_all"), "list the sources and how they stand")
    shown.add_argument("--json", action="store_true", help="as JSON")
    changed = _add(actions, "change", _sources("change"), "change a source; what is not named stays as it is")
    changed.add_argument("id", metavar="ID", help="its id or its name")
    changed.add_argument("--name", metavar="NAME", help="for people; the id stays")
    changed.add_argument("--url", metavar="URL", help="where it is, with its password")
    _add_settings_of_a_source(changed)
    removed = _add(actions, "remove", _sources("remove"), "remove a source with all that was stored of it")
    removed.add_argument("id", metavar="ID", help="its id or its name")


def _add_settings_of_a_source(verb: argparse.ArgumentParser) -> None:
    verb.add_argument("--rate", type=float, metavar="N", help=f"readings a second ({DEFAULT_RATE:g})")
    verb.add_argument(
        "--purpose",
        metavar="WHY",
        help="why faces are read, such as safety, research or public_space (personal)",
    )
    verb.add_argument(
        "--ground",
        metavar="medical|safety",
        help="what alone makes the purposes workplace and education lawful",
    )
    verb.add_argument(
        "--picture", metavar="shown|blurred|none", help="what is shown of the live picture (shown)"
    )


def _add_recordings(verbs: Verbs) -> None:
    purpose = "the recordings of a running service (at MIEN_URL, default http://127.0.0.1:8400)"
    actions = verbs.add_parser("recordings", help=purpose, description=purpose).add_subparsers(
        required=True, metavar="add|list|cancel|remove|fetch"
    )
    add = _add(actions, "add", _recordings("add"), "have a video read: upload it, or name it")
    add.add_argument("file", metavar="FILE|PATH", help="a file here, or a path in the media folder")
    add.add_argument(
        "--rate",
        type=_rate,
        default=DEFAULT_RATE,
        metavar="N|all",
        help="readings a second, or `all` (default: %(default)g)",
    )
    add.add_argument("--purpose", metavar="WORD", help="what it is read for, such as research")
    add.add_argument("--ground", metavar="WORD", help="medical or safety, where the purpose demands one")
    shown = _add(actions, "list", _recordings("list_all"), "list the recordings and how far they are")
    shown.add_argument("--json", action="store_true", help="as JSON")
    for action, call, help in (
        ("cancel", "cancel", "stop the reading; what was read stays"),
        ("remove", "remove", "remove a recording with all that was made of it"),
        ("fetch", "fetch_files", "download the files of results"),
    ):
        verb = _add(actions, action, _recordings(call), help)
        verb.add_argument("id", metavar="ID")
        if action == "fetch":
            verb.add_argument("--out", type=Path, required=True, metavar="DIR", help="where they go")


def _add_module(verbs: Verbs, name: str, module: str, purpose: str) -> None:
    verb = verbs.add_parser(name, help=purpose, add_help=False, allow_abbrev=False)

    def become(arguments: argparse.Namespace) -> int:
        # -P: a folder called `api` where the user stands must not be taken for ours.
        os.execv(sys.executable, [sys.executable, "-P", "-m", module, *arguments.rest])

    verb.set_defaults(verb=become, passes_on=True)


def _run(arguments: argparse.Namespace) -> int:
    from api.verbs.run import run

    return run(arguments)


def _sources(action: str) -> Callable[[argparse.Namespace], int]:
    def call(arguments: argparse.Namespace) -> int:
        from api.verbs import sources

        arguments.action = getattr(sources, action)
        return sources.sources(arguments)

    return call


def _recordings(action: str) -> Callable[[argparse.Namespace], int]:
    def call(arguments: argparse.Namespace) -> int:
        from api.verbs import recordings

        arguments.action = getattr(recordings, action)
        return recordings.recordings(arguments)

    return call


def _models(arguments: argparse.Namespace) -> int:
    from api.verbs.models import show_cards

    return show_cards()


def _get_network(arguments: argparse.Namespace) -> int:
    from api.verbs.models import get_network

    return get_network(arguments)


def _rate(text: str) -> float | None:
    if text == "all":
        return None
    try:
        rate = float(text)
    except ValueError:
        rate = math.nan
    if not MIN_RATE < rate <= MAX_RATE:  # NaN is not
        raise argparse.ArgumentTypeError(
            f"must be more than {MIN_RATE:g} and at most {MAX_RATE:g}, or `all`, got {text!r}"
        )
    return rate


def _threads(text: str) -> int:
    if not text.isdecimal() or int(text) < 1:
        raise argparse.ArgumentTypeError(f"expected a whole number above 0, found {text!r}")
    return int(text)
