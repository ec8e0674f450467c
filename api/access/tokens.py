"""Tokens, with which callers authenticate. Only a token's digest is stored, which does not reveal the token.

mien_… (32 random bytes) ──▶ SHA-256 ──▶ Redis hash `tokens`: name to digest, scope and date
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

from api.access.caller import LOCAL, Caller, Scope
from ingest.bus.client import AsyncRedis
from ingest.bus.keys import TOKENS

logger = logging.getLogger(__name__)

PREFIX = "mien_"  # by which people and secret scanners recognise a leaked token
TOKEN_BYTES = 32  # random ones
CACHE_LIFETIME = 1.0  # seconds; for so long a removed token may still be accepted

NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._@-]{0,59}")


class TokenError(Exception):
    """A token that cannot be made; the message is one sentence."""


@dataclass(frozen=True, slots=True)
class Token:
    """A token as it is stored."""

    name: str
    scope: Scope
    digest: str  # SHA-256 of the token's text, hexadecimal
    created_at: float  # seconds since the epoch

    def caller(self) -> Caller:
        return Caller(self.name, self.scope, self.digest)


def make_token(name: str, scope: Scope, now: float) -> tuple[str, Token]:
    """Make a token: its text, to be shown once, and its stored form. Raises TokenError for a bad name."""
    if not NAME.fullmatch(name):
        raise TokenError(f"a token's name has 1 to 60 letters, digits and . _ @ -; {name[:80]!r} is none")
    if name.lower() == LOCAL.name:
        raise TokenError(f"the audit log calls callers without a token {LOCAL.name}: choose another name")
    text = PREFIX + secrets.token_urlsafe(TOKEN_BYTES)
    return text, Token(name, scope, digest_of(text), now)


def digest_of(text: str) -> str:
    """Return the SHA-256 of a token. Its 256 random bits need neither a salt nor a slow hash."""
    return sha256(text.encode()).hexdigest()


def find_token(text: str, tokens: Iterable[Token]) -> Token | None:
    """Return the token with this text, in a time that does not depend on how much of it matches."""
    digest, match = digest_of(text), None
    for token in tokens:
        if hmac.compare_digest(token.digest, digest):
            match = token
    return match


def encode_token(token: Token) -> str:
    return json.dumps({"scope": token.scope, "digest": token.digest, "created_at": token.created_at})


def decode_tokens(entries: dict[bytes, bytes]) -> list[Token]:
    """Decode the tokens in Redis, sorted by name; entries that cannot be decoded are skipped."""
    decoded = (_decode(name.decode(errors="replace"), text) for name, text in entries.items())
    return sorted((token for token in decoded if token is not None), key=lambda token: token.name)


def _decode(name: str, text: bytes) -> Token | None:
    try:
        fields = json.loads(text)
        scope, digest, created_at = fields["scope"], str(fields["digest"]), float(fields["created_at"])
    except (ValueError, KeyError, TypeError):
        scope = None
    if scope not in ("view", "operate"):
        logger.warning("token %s is skipped: its scope, digest or date is missing or invalid", name)
        return None
    return Token(name, scope, digest, created_at)


class Tokens:
    """Tokens of the service, cached for CACHE_LIFETIME; `client` is asynchronous."""

    def __init__(self, client: AsyncRedis) -> None:
        self._redis = client
        self._cached: list[Token] = []
        self._read_at = -CACHE_LIFETIME

    async def find(self, text: str) -> Token | None:
        """Return the token with this text, even if it was added a moment ago."""
        return find_token(text, await self._tokens()) or find_token(text, await self._read())

    async def contains(self, digest: str) -> bool:
        """Check that the token with this digest has not been removed."""
        return any(hmac.compare_digest(token.digest, digest) for token in await self._tokens())

    async def _tokens(self) -> list[Token]:
        fresh = time.monotonic() - self._read_at < CACHE_LIFETIME
        return self._cached if fresh else await self._read()

    async def _read(self) -> list[Token]:
        self._cached = decode_tokens(await self._redis.hgetall(TOKENS))
        self._read_at = time.monotonic()
        return self._cached
