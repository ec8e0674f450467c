"""Messages as the rows of a CSV table."""

import csv
import io
from collections.abc import Sequence
from typing import Any

from api.exports.message import Message
from api.exports.tables import Row, Table
from api.exports.writer import Writer

FORMULA = ("=", "+", "-", "@", "\t", "\r")  # OWASP, "CSV injection"


class CsvWriter(Writer):
    """A header, then a row for each message of the table's kind; None is an empty field.

    Spreadsheets take a text that begins with one of FORMULA for a formula: it gets an apostrophe.
    """

    def __init__(self, table: Table) -> None:
        self._table = table

    def begin(self) -> bytes:
        return _csv([self._table.columns])

    def add(self, messages: Sequence[Message]) -> bytes:
        return _csv(self._table.rows(messages))


def _csv(rows: Sequence[Row]) -> bytes:
    text = io.StringIO()
    csv.writer(text, lineterminator="\n").writerows(map(_cell, row) for row in rows)
    return text.getvalue().encode()


def _cell(value: Any) -> Any:
    return f"'{value}" if isinstance(value, str) and value.startswith(FORMULA) else value
