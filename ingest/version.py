"""The version of mien."""

from importlib.metadata import version

VERSION = version("mien")
