"""The log: repetitions are left out and counted."""

import logging
import sys

from ingest.log import RepeatFilter


class Clock:
    now = 0.0

    def __call__(self) -> float:
        return self.now


def record(level: int, template: str, *args: object, error: BaseException | None = None) -> logging.LogRecord:
    found = (type(error), error, error.__traceback__) if error else None
    return logging.LogRecord("api", level, __file__, 1, template, args, found)


def test_a_fault_takes_one_line_a_minute_and_the_next_counts_the_others() -> None:
    clock = Clock()
    repeats = RepeatFilter(clock)
    passed = []
    for second in range(61):
        clock.now = float(second)
        line = record(logging.WARNING, "redis: %s; %s waits", "away", f"camera {second}")
        if repeats.filter(line):
            passed.append(line.getMessage())
    assert passed == [
        "redis: away; camera 0 waits",
        "redis: away; camera 60 waits (59 more such lines were left out)",
    ]
    assert repeats.left_out == 0


def test_other_lines_are_repetitions_only_if_their_text_is_the_same() -> None:
    repeats = RepeatFilter(Clock())
    states = [("lobby", "live"), ("hall", "live"), ("lobby", "ended"), ("lobby", "live")]
    assert [repeats.filter(record(logging.INFO, "%s: %s", *state)) for state in states] == [True] * 3 + [
        False
    ]
    assert repeats.left_out == 1


def raised(expression: str) -> BaseException:
    try:
        eval(expression)
    except ArithmeticError:
        error = sys.exc_info()[1]
        assert error is not None
        return error
    raise AssertionError(expression)


def test_different_exceptions_under_the_same_template_are_no_repetitions() -> None:
    repeats = RepeatFilter(Clock())
    errors = [raised("1 / 0"), raised("1 / 0"), raised("2.0 ** 10000")]
    lines = [record(logging.ERROR, "crashed\nfuture: <Task-%d>", n, error=e) for n, e in enumerate(errors)]
    assert [repeats.filter(line) for line in lines] == [True, False, True]


def test_no_more_than_a_thousand_kinds_of_lines_are_remembered() -> None:
    repeats = RepeatFilter(Clock())
    for number in range(5000):
        assert repeats.filter(record(logging.INFO, "%d", number))
    assert len(repeats._logged_at) <= 1001
