"""Names of files are escaped where a terminal, a log or a page could not show them as they are."""

import pytest

from ingest.printable import printable


@pytest.mark.parametrize(
    ("name", "shown"),
    [
        ("clip\none\x1b[31m.mp4", r"clip\none\x1b[31m.mp4"),
        ("caf\udce9.mp4", r"caf\udce9.mp4"),
        ("exe\u202e4pm", r"exe\u202e4pm"),
        ("a\u2028b\x85c", r"a\u2028b\x85c"),
        (
            "9.41\u202fAM é 人 \U0001f469\u200d\U0001f467.png",
            "9.41\u202fAM é 人 \U0001f469\u200d\U0001f467.png",
        ),
    ],
)
def test_only_what_cannot_be_shown_is_escaped(name: str, shown: str) -> None:
    assert printable(name) == shown
