"""Fixtures of the engine on a real Redis."""

import pytest

from engine.loading import Networks, load_networks


@pytest.fixture(scope="module")
def networks() -> Networks:
    return load_networks()
