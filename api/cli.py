"""The command `mien`. A verb imports its modules when it is called, so that `mien --help` answers at once."""

import argparse
import math
import os
import sys
from collections.abc import Callable, Sequence
from importlib import import_module
from pathlib import Path
from typing import TypeAlias

from ingest.bus.source_config import DEFAULT_RATE, MAX_RATE, MIN_RATE

Verbs: TypeAlias = "argparse._SubParsersAction[argparse.ArgumentParser]"

RUN = """\
Read videos and still pictures, and write a folder of results for each: readings.parquet,
readings.csv, spans.csv, coverage.csv, timeline.vtt, summary.json and report.html. No server is needed.

A folder of results is named after its file; where two names are the same, the suffix of the file is
added, then a number. Of a folder given as input, the files directly in it are read: its pictures
together into one folder of results, in which `source` is the file name, and each video into its own.
"""
RUN_END = """\
exit codes: 0 all read; 1 the results could not be written; 2 an input could not be read at all (the
others were); 3 an input was damaged (its good parts were read); 130 stopped by Ctrl-C (the results
so far are kept)
"""


def main(args: Sequence[str] | None = None) -> int:
    """Run a verb; return the exit code."""
    for stream in (sys.stdout, sys.stderr):
        # A file name that the terminal cannot show must not end the command.
        if hasattr(stream, "reconfigure"):
            stream.reconfigure(errors="backslashreplace")
    parser = command_line()
    arguments, rest = parser.parse_known_args(args)
    if rest and not arguments.passes_on:
        parser.error(f"unrecognized arguments: {' '.join(rest)}")
    arguments.rest = rest
    try:
        code: int = arguments.verb(arguments)
    except KeyboardInterrupt:
        code = 130
    except BrokenPipeError:
        # The reader of the output is gone: the rest of the buffer must not fail at exit.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        code = 1
    return code


class ShowVersion(argparse.Action):
    """`--version`: the version is looked up only then, since that takes longer than the help."""

    def __call__(self, parser: argparse.ArgumentParser, *_: object) -> None:
        from ingest.version import VERSION

        print(f"mien {VERSION}")
        parser.exit()


def command_line() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="mien", description="Reads video, and writes a timeline of emotions for each face."
    )
    parser.set_defaults(passes_on=False)
    parser.add_argument("--version", action=ShowVersion, nargs=0, help="show the version and stop")
    verbs = parser.add_subparsers(title="verbs", required=True, metavar="VERB")
    _add_run(verbs)
    _add_sources(verbs)
    _add_recordings(verbs)
    _add_models(verbs)
    for name, module, purpose in (
        ("serve", "deploy.serve", "run the service on this machine, with its dashboard"),
        ("tokens", "deploy.tokens", "add, list and remove access tokens of the service"),
        ("ingest", "ingest", "run one part of the service: decodes the cameras"),
        ("engine", "engine", "run one part of the service: detects and reads faces"),
        ("jobs", "api.jobs", "run one part of the service: reads recordings"),
        ("api", "api", "run one part of the service: serves dashboard and REST"),
        ("alive", "deploy.liveness", "check that a part of the service is alive, for supervisors"),
        ("doctor", "deploy.doctor", "check this machine: what is installed, what is missing, what to do"),
        ("bench", "deploy.bench", "measure how much this machine can do, and its bottleneck"),
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
        "--out", type=Path, required=True, metavar="DIR", help="the folder for the folders of results"
    )
    verb.add_argument("--video", action="store_true", help="write the annotated video or pictures too")
    verb.add_argument(
        "--rate",
        type=_rate,
        default=DEFAULT_RATE,
        metavar="N|all",
        help=f"readings a second of a face, up to {MAX_RATE:g}, or `all` frames (default: {DEFAULT_RATE:g})",
    )
    verb.add_argument(
        "--json", action="store_true", help="print the summary, or the list of them, on standard output"
    )
    verb.add_argument(
        "--threads", type=_threads, metavar="N", help="threads of the networks (default: one a core)"
    )
    verb.add_argument(
        "--detector",
        choices=("mien", "yunet"),
        help="the face detector (default: MIEN_DETECTOR, else mien); `mien models get yunet` downloads yunet",
    )


def _add_models(verbs: Verbs) -> None:
    models = _add(verbs, "models", _models, "show the model cards of the installed networks")
    actions = models.add_subparsers(metavar="get")
    get = _add(actions, "get", _get_network, "download a network that is not shipped")
    get.add_argument(
        "network", choices=("yunet",), help="yunet: a face detector, see --detector of `mien run`"
    )
    get.add_argument(
        "--data", type=Path, metavar="DIR", help="the data folder (default: MIEN_DATA, else data)"
    )
    get.add_argument(
        "--from",
        dest="source",
        metavar="URL|FILE",
        help="another place of the same file; its hash is checked",
    )


def _add_sources(verbs: Verbs) -> None:
    purpose = "the cameras of a running service (at MIEN_URL, default http://127.0.0.1:8400)"
    actions = verbs.add_parser("sources", help=purpose, description=purpose).add_subparsers(
        required=True, metavar="add|list|change|remove"
    )
    add = _add(actions, "add", _client("sources", "add"), "add a source")
    add.add_argument("name", metavar="NAME", help="a name for people; the id is derived from it")
    add.add_argument(
        "url",
        metavar="URL",
        help="rtsp, rtsps, http or https address, webcam:0, or a file of the media folder: clip.mp4?loop",
    )
    _add_settings_of_a_source(add)
    listed = _add(actions, "list", _client("sources", "list_all"), "list the sources and their states")
    listed.add_argument("--json", action="store_true", help="as JSON")
    changed = _add(actions, "change", _client("sources", "change"), "change fields of a source")
    changed.add_argument("id", metavar="ID", help="its id or its name")
    changed.add_argument("--name", metavar="NAME", help="a name for people; the id stays")
    changed.add_argument("--url", metavar="URL", help="its address, with the password")
    _add_settings_of_a_source(changed)
    removed = _add(actions, "remove", _client("sources", "remove"), "remove a source and its timeline")
    removed.add_argument("id", metavar="ID", help="its id or its name")


def _add_settings_of_a_source(verb: argparse.ArgumentParser) -> None:
    verb.add_argument(
        "--rate", type=float, metavar="N", help=f"readings a second (default: {DEFAULT_RATE:g})"
    )
    verb.add_argument(
        "--purpose",
        metavar="WHY",
        help="the purpose of reading faces, such as safety or research (default: personal)",
    )
    verb.add_argument(
        "--ground",
        metavar="medical|safety",
        help="a ground that makes the purposes workplace and education lawful",
    )
    verb.add_argument(
        "--picture", metavar="shown|blurred|none", help="how the live picture is shown (default: shown)"
    )


def _add_recordings(verbs: Verbs) -> None:
    purpose = "the recordings of a running service (at MIEN_URL, default http://127.0.0.1:8400)"
    actions = verbs.add_parser("recordings", help=purpose, description=purpose).add_subparsers(
        required=True, metavar="add|list|cancel|remove|fetch"
    )
    add = _add(
        actions,
        "add",
        _client("recordings", "add"),
        "add a video: a file to upload, or a path in the media folder",
    )
    add.add_argument(
        "file", metavar="FILE|PATH", help="a file of this machine, or a path in the service's media folder"
    )
    add.add_argument(
        "--rate",
        type=_rate,
        default=DEFAULT_RATE,
        metavar="N|all",
        help=f"readings a second, or `all` (default: {DEFAULT_RATE:g})",
    )
    add.add_argument("--purpose", metavar="WHY", help="the purpose of reading faces, such as research")
    add.add_argument("--ground", metavar="medical|safety", help="where the purpose requires a ground")
    listed = _add(
        actions, "list", _client("recordings", "list_all"), "list the recordings and their progress"
    )
    listed.add_argument("--json", action="store_true", help="as JSON")
    for action, call, help in (
        ("cancel", "cancel", "stop reading a recording; the results so far stay"),
        ("remove", "remove", "remove a recording and its results"),
        ("fetch", "fetch_files", "download the result files"),
    ):
        verb = _add(actions, action, _client("recordings", call), help)
        verb.add_argument("id", metavar="ID")
        if action == "fetch":
            verb.add_argument(
                "--out", type=Path, required=True, metavar="DIR", help="the folder for the files"
            )


def _add_module(verbs: Verbs, name: str, module: str, purpose: str) -> None:
    verb = verbs.add_parser(name, help=purpose, add_help=False, allow_abbrev=False)

    def become(arguments: argparse.Namespace) -> int:
        # -P: a folder `api` in the current directory must not be imported.
        os.execv(sys.executable, [sys.executable, "-P", "-m", module, *arguments.rest])

    verb.set_defaults(verb=become, passes_on=True)


def _run(arguments: argparse.Namespace) -> int:
    from api.verbs.run import run

    return run(arguments)


def _client(verb: str, action: str) -> Callable[[argparse.Namespace], int]:
    """A call of `action` of `mien sources` or `mien recordings`."""

    def call(arguments: argparse.Namespace) -> int:
        module = import_module(f"api.verbs.{verb}")
        arguments.action = getattr(module, action)
        code: int = getattr(module, verb)(arguments)
        return code

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
        raise argparse.ArgumentTypeError(f"must be a whole number above 0, got {text!r}")
    return int(text)
