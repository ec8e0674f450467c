"""Names made of input stay below their folder, and no two are the same."""

from pathlib import Path

import pytest

from ingest.plain_name import is_plain, plain_name, unused_name


@pytest.mark.parametrize(
    ("text", "name"),
    [
        ("my clip é", "my clip é"),
        ("..", "unnamed"),
        (".", "unnamed"),
        ("", "unnamed"),
        ("../../etc/passwd", "_.._etc_passwd"),
        ("/etc", "_etc"),
        ("..\\x", "_x"),
        ("--out", "out"),
        (" .hidden", "hidden"),
        ("a\x00b\nc\udce9", "a_x00b_nc_udce9"),
        ("é" * 200, "é" * 127),
    ],
)
def test_a_plain_name_is_one_part_of_a_path(text: str, name: str) -> None:
    made = plain_name(text)
    assert made == name
    assert (Path("/folder") / made).resolve().parent == Path("/folder")
    assert is_plain(made)
    assert is_plain(text) == (text == name)


def test_a_long_name_keeps_its_suffix(tmp_path: Path) -> None:
    name = plain_name("人" * 100, ".jpg")
    assert name == "人" * 83 + ".jpg"
    (tmp_path / name).touch()


def test_names_that_would_be_the_same_get_numbers() -> None:
    used: set[str] = set()
    texts = ["clip", "Clip", "clip", "é" * 200, "é" * 300]
    names = [unused_name(text, ".jpg", used) for text in texts]
    assert names[:3] == ["clip.jpg", "Clip-2.jpg", "clip-3.jpg"]
    assert [len(name.encode()) for name in names[3:]] == [254, 254]
    assert len(set(names)) == len(names)
