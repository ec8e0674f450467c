"""What many tests need."""

from pathlib import Path

import pytest

SHARED = Path(__file__).parents[2] / "shared"


@pytest.fixture(scope="session")
def shared() -> Path:
    """The folder of videos, pictures and data beside the checkout."""
    if not SHARED.is_dir():
        pytest.skip("../shared is not there")
    return SHARED
