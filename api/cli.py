"""The command `mien`. A verb imports its modules when it is called, so that `mien --help` answers at once."""

import argparse
import os
import sys
from collections.abc import Sequence

from api.verbs.arguments import Verbs, add_models, add_recordings, add_run, add_sources


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
    add_run(verbs)
    add_sources(verbs)
    add_recordings(verbs)
    add_models(verbs)
    for name, module, purpose in (
        ("serve", "deploy.serve", "run the service on this machine, with its dashboard"),
        ("tokens", "deploy.tokens", "add, list and remove access tokens of the service"),
        ("ingest", "ingest", "run one part of the service: decodes the cameras"),
        ("engine", "engine", "run one part of the service: detects and reads faces"),
        ("jobs", "api.jobs", "run one part of the service: reads recordings"),
        ("api", "api", "run one part of the service: serves dashboard and REST"),
        (
            "supervise",
            "deploy.single",
            "run one part of the service, and start it again when it ends or hangs",
        ),
        ("alive", "deploy.liveness", "check that a part of the service is alive, for supervisors"),
        ("doctor", "deploy.doctor", "check this machine: what is installed, what is missing, what to do"),
        ("bench", "deploy.bench", "measure how much this machine can do, and its bottleneck"),
    ):
        _add_module(verbs, name, module, purpose)
    return parser


def _add_module(verbs: Verbs, name: str, module: str, purpose: str) -> None:
    verb = verbs.add_parser(name, help=purpose, add_help=False, allow_abbrev=False)

    def become(arguments: argparse.Namespace) -> int:
        # -P: a folder `api` in the current directory must not be imported.
        os.execv(sys.executable, [sys.executable, "-P", "-m", module, *arguments.rest])

    verb.set_defaults(verb=become, passes_on=True)


if __name__ == "__main__":
    sys.exit(main())
