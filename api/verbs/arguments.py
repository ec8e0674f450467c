"""The arguments of `mien run`, `models`, `sources` and `recordings`; a verb is imported when it is called."""

import argparse
import math
from collections.abc import Callable
from importlib import import_module
from pathlib import Path
from typing import TypeAlias

from ingest.bus.source_config import DEFAULT_RATE, MAX_RATE, MIN_RATE
from ingest.network.source_types import FORMS
from ingest.picture.options import TURNS, BadOptionError, checked_aspect, checked_turn

Verbs: TypeAlias = "argparse._SubParsersAction[argparse.ArgumentParser]"
Call = Callable[[argparse.Namespace], int]

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


def add_run(verbs: Verbs) -> None:
    verb = _add(verbs, "run", _call("run", "run"), "read videos and still pictures, write their timelines")
    verb.description, verb.epilog = RUN, RUN_END
    verb.formatter_class = argparse.RawDescriptionHelpFormatter
    option = verb.add_argument
    option("inputs", type=Path, nargs="+", metavar="FILE", help="a video, a picture, or a folder of them")
    option("--out", type=Path, required=True, metavar="DIR", help="the folder for the folders of results")
    option("--video", action="store_true", help="write the annotated video or pictures too")
    _add_rate(verb, f"readings a second of a face, up to {MAX_RATE:g}, or `all` frames")
    _add_display(verb, "0")
    option("--json", action="store_true", help="print the summary, or the list of them, on standard output")
    help = "the number of the video stream, as in summary.json (default: the one that players show)"
    option("--stream", type=_stream, metavar="N", help=help)
    option("--threads", type=_threads, metavar="N", help="threads of the networks (default: one a core)")
    option(
        "--detector",
        choices=("mien", "yunet"),
        help="the face detector (default: MIEN_DETECTOR, else mien); `mien models get yunet` downloads yunet",
    )


def add_models(verbs: Verbs) -> None:
    call = _call("models", "show_cards")
    models = _add(verbs, "models", call, "show the model cards of the installed networks")
    actions = models.add_subparsers(metavar="get")
    get = _add(actions, "get", _call("models", "get_network"), "download a network that is not shipped")
    option = get.add_argument
    option("network", choices=("yunet",), help="yunet: a face detector, see --detector of `mien run`")
    option("--data", type=Path, metavar="DIR", help="the data folder (default: MIEN_DATA, else data)")
    help = "another place of the same file; its hash is checked"
    option("--from", dest="source", metavar="URL|FILE", help=help)


def add_sources(verbs: Verbs) -> None:
    actions = _client_verb(verbs, "sources", "the cameras", "add|list|change|remove")
    add = _client(actions, "sources", "add", "add a source")
    add.add_argument("name", metavar="NAME", help="a name for people; the id is derived from it")
    add.add_argument("url", metavar="URL", help=FORMS)
    _add_source_fields(add)
    listed = _client(actions, "sources", "list", "list the sources and their states", "list_all")
    listed.add_argument("--json", action="store_true", help="as JSON")
    change = _client(actions, "sources", "change", "change fields of a source")
    change.add_argument("id", metavar="ID", help="its id or its name")
    change.add_argument("--name", metavar="NAME", help="a name for people; the id stays")
    change.add_argument("--url", metavar="URL", help="its address, with the password")
    _add_source_fields(change)
    remove = _client(actions, "sources", "remove", "remove a source and its timeline")
    remove.add_argument("id", metavar="ID", help="its id or its name")


def _add_source_fields(verb: argparse.ArgumentParser) -> None:
    rate = f"readings a second (default: {DEFAULT_RATE:g})"
    verb.add_argument("--rate", type=float, metavar="N", help=rate)
    purpose = "the purpose of reading faces, such as safety or research (default: personal)"
    verb.add_argument("--purpose", metavar="WHY", help=purpose)
    ground = "a ground that makes the purposes workplace and education lawful"
    verb.add_argument("--ground", metavar="medical|safety", help=ground)
    picture = "how the live picture is shown (default: shown)"
    verb.add_argument("--picture", metavar="shown|blurred|none", help=picture)
    _add_display(verb, None)


def add_recordings(verbs: Verbs) -> None:
    actions = _client_verb(verbs, "recordings", "the recordings", "add|list|cancel|remove|fetch")
    add = _client(actions, "recordings", "add", "add a video: upload a file, or name one of the media folder")
    help = "a file of this machine, or a path in the service's media folder"
    add.add_argument("file", metavar="FILE|PATH", help=help)
    _add_rate(add, "readings a second, or `all`")
    _add_display(add, None)
    add.add_argument("--purpose", metavar="WHY", help="the purpose of reading faces, such as research")
    add.add_argument("--ground", metavar="medical|safety", help="where the purpose requires a ground")
    listed = _client(actions, "recordings", "list", "list the recordings and their progress", "list_all")
    listed.add_argument("--json", action="store_true", help="as JSON")
    cancel = _client(actions, "recordings", "cancel", "stop reading a recording; the results so far stay")
    remove = _client(actions, "recordings", "remove", "remove a recording and its results")
    fetch = _client(actions, "recordings", "fetch", "download the result files", "fetch_files")
    for verb in (cancel, remove, fetch):
        verb.add_argument("id", metavar="ID")
    fetch.add_argument("--out", type=Path, required=True, metavar="DIR", help="the folder for the files")


def _add(verbs: Verbs, name: str, call: Call, purpose: str) -> argparse.ArgumentParser:
    verb = verbs.add_parser(name, help=purpose, description=purpose, allow_abbrev=False)
    verb.set_defaults(verb=call)
    return verb


def _add_rate(verb: argparse.ArgumentParser, help: str) -> None:
    help = f"{help} (default: {DEFAULT_RATE:g})"
    verb.add_argument("--rate", type=_rate, default=DEFAULT_RATE, metavar="N|all", help=help)


def _add_display(verb: argparse.ArgumentParser, turn: str | None) -> None:
    """Add the corrections of a video's shape; `turn`: the default."""
    help = "turn a video clockwise, or mirror it and then turn it: " + ", ".join(TURNS)
    verb.add_argument("--turn", type=_option(checked_turn), default=turn, metavar="DEGREES", help=help)
    help = "width:height of a video as shown, such as 16:9 (default: as it declares)"
    verb.add_argument("--aspect", type=_option(checked_aspect), metavar="W:H", help=help)


def _client_verb(verbs: Verbs, name: str, things: str, actions: str) -> Verbs:
    purpose = f"{things} of a running service (at MIEN_URL, default http://127.0.0.1:8400)"
    verb = verbs.add_parser(name, help=purpose, description=purpose)
    return verb.add_subparsers(required=True, metavar=actions)


def _client(
    actions: Verbs, verb: str, action: str, purpose: str, function: str = ""
) -> argparse.ArgumentParser:
    """Add an action of a verb that calls the service; `function`: its name where it is not `action`."""
    return _add(actions, action, _call(verb, verb, function or action), purpose)


def _call(name: str, function: str, action: str = "") -> Call:
    def call(arguments: argparse.Namespace) -> int:
        module = import_module(f"api.verbs.{name}")
        arguments.action = getattr(module, action, None)
        code: int = getattr(module, function)(arguments)
        return code

    return call


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


def _option(check: Callable[[str], str | None]) -> Callable[[str], str | None]:
    def checked(text: str) -> str | None:
        try:
            return check(text)
        except BadOptionError as error:
            raise argparse.ArgumentTypeError(str(error)) from None

    return checked


def _threads(text: str) -> int:
    if not text.isdecimal() or int(text) < 1:
        raise argparse.ArgumentTypeError(f"must be a whole number above 0, got {text!r}")
    return int(text)


def _stream(text: str) -> int:
    if not text.isdecimal():
        raise argparse.ArgumentTypeError(f"must be a whole number, 0 or more, got {text!r}")
    return int(text)
