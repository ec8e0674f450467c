"""Names of tokens."""

import pytest

from api.access.tokens import TokenError, make_token


@pytest.mark.parametrize("name", ["local", "Local", "", "-a", "a b", "a/b", "é", "a" * 61])
def test_a_name_that_cannot_be_told_apart_or_written_is_refused(name: str) -> None:
    with pytest.raises(TokenError):
        make_token(name, "view", 0.0)


@pytest.mark.parametrize("name", ["a", "front-desk", "j.doe@example.com", "local-2"])
def test_other_names_are_kept(name: str) -> None:
    assert make_token(name, "view", 0.0)[1].name == name
