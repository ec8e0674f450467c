"""`mien bench [VIDEO]`: measurements of each stage, of cameras and of a recording, on this machine.

`mien bench websocket`: load test of the websocket with many clients.
"""

import argparse
import json
import sys
from dataclasses import asdict
from pathlib import Path

from deploy.bench.service import BenchError
from deploy.bench.websocket import Figures, Load, measure
from deploy.redis_server import ServerError
from engine.card import CardMismatchError
from engine.runtimes.runtime import GpuError
from ingest.bus.source_config import DEFAULT_RATE
from ingest.environment import SettingError
from ingest.files.opening import UnreadableError
from ingest.settings import IngestSettings

FAILED, UNREADABLE, INTERRUPTED = 1, 2, 130  # exit codes

WEBSOCKET = "websocket"

ALL_HELP = "measure the processor time of each stage, and how many cameras this machine keeps up with"
WEBSOCKET_HELP = "measure the latency from Redis to many websocket clients, and the load of the API"


def main() -> int:
    is_websocket = sys.argv[1:2] == [WEBSOCKET]
    given = websocket_line().parse_args(sys.argv[2:]) if is_websocket else command_line().parse_args()
    try:
        print(_websocket(given) if is_websocket else _all(given))
    except UnreadableError as error:
        print(f"mien bench: {error}", file=sys.stderr)
        return UNREADABLE
    except (BenchError, CardMismatchError, GpuError, ServerError, SettingError, OSError) as error:
        print(f"mien bench: {error}", file=sys.stderr)
        return FAILED
    except KeyboardInterrupt:
        return INTERRUPTED
    return 0


def command_line() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="mien bench",
        description=ALL_HELP,
        epilog="`mien bench websocket` measures the websocket alone, with any number of clients.",
        allow_abbrev=False,
    )
    add = parser.add_argument
    add(
        "video", type=Path, nargs="?", metavar="VIDEO", help="video to measure with (default: a rendered one)"
    )
    add("--quick", action="store_true", help="rough figures within 20 seconds")
    add("--shards", type=_above_zero, metavar="N", help="number of engines (default: MIEN_SHARDS, else 1)")
    add("--json", action="store_true", help="print the figures as JSON")
    return parser


def websocket_line() -> argparse.ArgumentParser:
    name = f"mien bench {WEBSOCKET}"
    parser = argparse.ArgumentParser(prog=name, description=WEBSOCKET_HELP, allow_abbrev=False)
    add = parser.add_argument
    rate = "readings a second (default: %(default)g)"
    add("--clients", type=_above_zero, default=1000, metavar="N", help="clients (default: %(default)s)")
    add("--stuck", type=_count, default=0, metavar="N", help="further clients that never read (default: 0)")
    add("--seconds", type=_positive, default=20.0, metavar="S", help="duration (default: %(default)g)")
    add("--rate", type=_positive, default=DEFAULT_RATE, metavar="N", help=rate)
    add("--json", action="store_true", help="print the figures as JSON")
    return parser


def _all(arguments: argparse.Namespace) -> str:
    from deploy.bench.report import full, measure, quick, to_text

    effort = (quick if arguments.quick else full)(arguments.shards or IngestSettings.read("shards").shards)
    report = measure(arguments.video, effort)
    return json.dumps(report.to_json()) if arguments.json else to_text(report)


def _websocket(arguments: argparse.Namespace) -> str:
    figures = measure(Load(arguments.clients, arguments.stuck, arguments.seconds, arguments.rate))
    return json.dumps(asdict(figures)) if arguments.json else table(figures)


def table(figures: Figures) -> str:
    """Return the figures as a table."""
    stuck = f", and {figures.stuck} that never read" if figures.stuck else ""
    rows = [
        ("clients on one source", f"{figures.clients}{stuck}"),
        ("readings", f"{figures.rate:g} a second for {figures.seconds:g} s"),
        ("from Redis to a client, median", f"{figures.p50_ms:.1f} ms"),
        ("99 % within", f"{figures.p99_ms:.1f} ms"),
        ("99.9 % within", f"{figures.p999_ms:.1f} ms"),
        ("slowest", f"{figures.max_ms:.1f} ms"),
        ("delivered", f"{figures.delivered}"),
        ("dropped", f"{figures.dropped}"),
        ("memory of the API for each client", f"{figures.memory_per_client_kb:.1f} KB"),
        ("the API's share of one core", f"{figures.api_cpu_percent:.0f} %"),
    ]
    return "\n".join(f"{name:<36}{value}" for name, value in rows)


def _above_zero(text: str) -> int:
    if not (count := _count(text)):
        raise argparse.ArgumentTypeError("must be a whole number above 0, got 0")
    return count


def _count(text: str) -> int:
    if not text.isdecimal():
        raise argparse.ArgumentTypeError(f"must be a whole number, got {text!r}")
    return int(text)


def _positive(text: str) -> float:
    try:
        number = float(text)
    except ValueError:
        number = 0.0
    if not 0 < number < float("inf"):
        raise argparse.ArgumentTypeError(f"must be a number above 0, got {text!r}")
    return number


if __name__ == "__main__":
    sys.exit(main())
