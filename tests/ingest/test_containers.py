"""The page offers the same files as the command line and the service."""

import re

from ingest.containers import PICTURE_SUFFIXES, VIDEO_SUFFIXES
from tests.tree import ROOT


def test_the_drop_zone_offers_all_suffixes() -> None:
    page = (ROOT / "api/dashboard/recordings.html").read_text()
    (accepted,) = re.findall(r'id="files" accept="([^"]*)"', page)
    assert {name for name in accepted.split(",") if name[0] == "."} == VIDEO_SUFFIXES | PICTURE_SUFFIXES
