"""`mien bench`: measures parts of the service on this machine."""

import argparse
import json
import sys
from dataclasses import asdict

from deploy.bench.websocket import BenchError, Figures, Load, measure
from deploy.redis_server import ServerError

FAILED = 1


def main() -> int:
    arguments = command_line().parse_args()
    load = Load(arguments.clients, arguments.stuck, arguments.seconds, arguments.rate)
    try:
        figures = measure(load)
    except (BenchError, ServerError) as error:
        print(f"mien bench: {error}", file=sys.stderr)
        return FAILED
    print(json.dumps(asdict(figures)) if arguments.json else table(figures))
    return 0


def command_line() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="mien bench", description=__doc__)
    parts = parser.add_subparsers(required=True, metavar="websocket")
    purpose = "how fast readings get from Redis to many websocket clients, and what they cost the API"
    verb = parts.add_parser("websocket", help=purpose, description=purpose, allow_abbrev=False)
    verb.add_argument("--clients", type=_some, default=1000, metavar="N", help="default: %(default)s")
    verb.add_argument(
        "--stuck", type=_count, default=0, metavar="N", help="further clients, that never read (default: 0)"
    )
    verb.add_argument("--seconds", type=_positive, default=20.0, metavar="S", help="default: %(default)g")
    verb.add_argument(
        "--rate", type=_positive, default=10.0, metavar="N", help="readings a second (default: %(default)g)"
    )
    verb.add_argument("--json", action="store_true", help="print the figures as JSON")
    return parser


def table(figures: Figures) -> str:
    """The figures in words."""
    stuck = f", and {figures.stuck} that never read" if figures.stuck else ""
    rows = [
        ("clients on one source", f"{figures.clients}{stuck}"),
        ("readings", f"{figures.rate:g} a second for {figures.seconds:g} s"),
        ("from Redis to a client, median", f"{figures.p50_ms:.1f} ms"),
        ("99 % within", f"{figures.p99_ms:.1f} ms"),
        ("99.9 % within", f"{figures.p999_ms:.1f} ms"),
        ("the slowest", f"{figures.max_ms:.1f} ms"),
        ("delivered", f"{figures.delivered}"),
        ("dropped", f"{figures.dropped}"),
        ("memory of the API for each client", f"{figures.memory_per_client_kb:.1f} KB"),
        ("the API's share of one core", f"{figures.api_cpu_percent:.0f} %"),
    ]
    return "\n".join(f"{name:<36}{value}" for name, value in rows)


def _some(text: str) -> int:
    if not (count := _count(text)):
        raise argparse.ArgumentTypeError("expected a whole number above 0, found 0")
    return count


def _count(text: str) -> int:
    if not text.isdecimal():
        raise argparse.ArgumentTypeError(f"expected a whole number, found {text!r}")
    return int(text)


def _positive(text: str) -> float:
    try:
        number = float(text)
    except ValueError:
        number = 0.0
    if not 0 < number < float("inf"):
        raise argparse.ArgumentTypeError(f"expected a number above 0, found {text!r}")
    return number


if __name__ == "__main__":
    sys.exit(main())
