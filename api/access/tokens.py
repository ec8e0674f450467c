"""Tokens: who holds one may ask from another machine. What is kept of a token does not give it back.

mien_… (32 random bytes) -> SHA-256 -> hash `tokens`: name to digest, scope and date
"""

import hmac
import json
import logging
import re
import secrets
import time
from collections.abc import Iterable
from dataclasses import dataclass
from hashlib import sha256

from api.access.caller import Caller, Scope
from ingest.bus.client import AsyncRedis
from ingest.bus.keys import TOKENS

logger = logging.getLogger(__name__)

PREFIX = "mien_"  # so that people, and programs that look for secrets, know one where it does not belong
RANDOM = 32  # bytes
KNOWN_FOR = 1.0  # seconds that what was read is taken for true: a removed token is worth nothing after that

NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._@-]{0,59}")


class TokenError(Exception):
    """Not what a token can be; the message is one line with expected and actual, without the token."""


@dataclass(frozen=True, slots=True)
class Token:
    """What is kept of a token."""

    name: str
    scope: Scope
    digest: str  # SHA-256 of the token's text, hexadecimal
    created_at: float  # seconds since the epoch

    def caller(self) -> Caller:
        return Caller(self.name, self.scope, self.digest)


def make_token(name: str, scope: Scope, now: float) -> tuple[str, Token]:
    """A new token's text, to be shown once, and what is kept of it. Raises TokenError for a bad name."""
    if not NAME.fullmatch(name):
        raise TokenError(f"expected a name of at most 60 letters, digits and . _ @ -, actual {name[:80]!r}")
    text = PREFIX + secrets.token_urlsafe(RANDOM)
    return text, Token(name, scope, digest_of(text), now)


def digest_of(text: str) -> str:
    """A token has 256 random bits: no salt and no slow hash makes them harder to guess."""
    return sha256(text.encode()).hexdigest()


def find_token(text: str, tokens: Iterable[Token]) -> Token | None:
    """The token of this text. Takes the same time whichever it is, and whatever is nearly right."""
    digest, found = digest_of(text), None
    for token in tokens:
        if hmac.compare_digest(token.digest, digest):
            found = token
    return found


def encode_token(token: Token) -> str:
    return json.dumps({"scope": token.scope, "digest": token.digest, "created_at": token.created_at})


def decode_tokens(entries: dict[bytes, bytes]) -> list[Token]:
    """All that can be read, by name; what cannot is passed over, and lets nobody in."""
    found = (_decoded(name.decode(errors="replace"), text) for name, text in entries.items())
    return sorted((token for token in found if token is not None), key=lambda token: token.name)


def _decoded(name: str, text: bytes) -> Token | None:
    try:
        fields = json.loads(text)
        scope, digest, created_at = fields["scope"], str(fields["digest"]), float(fields["created_at"])
    except (ValueError, KeyError, TypeError):
        scope = None
    if scope not in ("view", "operate"):
        logger.warning("token %s is passed over: expected its scope, digest and date, actual others", name)
        return None
    return Token(name, scope, digest, created_at)


class Tokens:
    """The tokens of the service, as the API asks for them; `client` is asynchronous."""

    def __init__(self, client: AsyncRedis) -> None:
        self._redis = client
        self._known: list[Token] = []
        self._read_at = -KNOWN_FOR

    async def find(self, text: str) -> Token | None:
        """The token of this text, also one added a moment ago."""
        return find_token(text, await self._tokens()) or find_token(text, await self._read())

    async def holds(self, digest: str) -> bool:
        """Whether the token of this digest has not been removed."""
        return any(hmac.compare_digest(token.digest, digest) for token in await self._tokens())

    async def _tokens(self) -> list[Token]:
        fresh = time.monotonic() - self._read_at < KNOWN_FOR
        return self._known if fresh else await self._read()

    async def _read(self) -> list[Token]:
        self._known = decode_tokens(await self._redis.hgetall(TOKENS))
        self._read_at = time.monotonic()
        return self._known
