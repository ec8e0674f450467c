"""Names of files and folders that are made of input: each is one plain part of a path, below its folder."""

from ingest.printable import printable

MAX_LENGTH = 255  # bytes, of a name on the usual file systems
SEPARATORS = str.maketrans("/\\", "__")


def plain_name(text: str, suffix: str = "", *, default: str = "unnamed") -> str:
    """Return a name made of `text`, with a short `suffix`; of a text that is too long, the end is left out.

    Separators become underscores. Spaces, dots and hyphens at the beginning are left out: the name is not
    `..`, not hidden, and no option of a command. `default` replaces a text of which nothing is left.
    """
    stem = printable(text).translate(SEPARATORS).lstrip(" .-") or default
    return stem.encode()[: MAX_LENGTH - len(suffix.encode())].decode(errors="ignore") + suffix


def is_plain(name: str) -> bool:
    """Return whether a name is one plain part of a path as it is."""
    return name == plain_name(name)


def unused_name(text: str, suffix: str, used: set[str], *, default: str = "unnamed") -> str:
    """Return a plain name that is not in `used`, if need be with a number, and add it there.

    Names that differ only in case count as the same one, as some file systems have it.
    """
    name, number = plain_name(text, suffix, default=default), 2
    while name.casefold() in used:
        name, number = plain_name(text, f"-{number}{suffix}", default=default), number + 1
    used.add(name.casefold())
    return name
