"""Which version of mien this is."""

from importlib.metadata import version

VERSION = version("mien")
