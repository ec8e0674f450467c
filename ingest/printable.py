"""Makes the names of files printable: on a terminal, in a log, in a table and on a page."""

import re

# Control characters, line separators, surrogates (bytes that are no UTF-8), and the marks that change the
# direction of text: with them a name could look like another one, or move the cursor of a terminal.
UNPRINTABLE = re.compile("[\x00-\x1f\x7f-\x9f\u200e\u200f\u2028-\u202e\u2066-\u2069\ud800-\udfff]")


def printable(name: str) -> str:
    r"""Return a name with escapes in place of what cannot be printed, such as `\n` or `\x1b`."""
    return UNPRINTABLE.sub(lambda found: found[0].encode("unicode_escape").decode(), name)
