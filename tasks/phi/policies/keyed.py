"""Numbers that follow from a key and a text, HMAC-SHA256 (RFC 2104): the same again, and without the key no guess."""

import hashlib
import hmac
import itertools
from collections.abc import Iterator

from tasks.errors import ConfigError

_LEAST = 16  # bytes: the fingerprint is public, and a shorter key could be tried out against it


class Keyed:
    """A secret key and what is derived from it."""

    def __init__(self, key: bytes) -> None:
        """Take the key.

        Raises:
            ConfigError: it has fewer than 16 bytes.
        """
        if len(key) < _LEAST:
            raise ConfigError(
                f"The key of the surrogates has {len(key)} bytes, at least {_LEAST} are needed.",
                fix="set a random key, for example from: openssl rand -hex 32",
            )
        self._key = key

    def digest(self, *parts: str) -> bytes:
        """Return 32 bytes that follow from the key and the parts, in order."""
        # each with its length: ("ab", "c") is not ("a", "bc")
        message = "".join(f"{len(part)}:{part}" for part in parts).encode("utf-8", "surrogatepass")
        return hmac.digest(self._key, message, hashlib.sha256)

    def number(self, below: int, *parts: str) -> int:
        """Return a number from 0 up to `below`, exclusive."""
        return int.from_bytes(self.digest(*parts)[:8]) % below

    def stream(self, *parts: str) -> Iterator[int]:
        """Yield bytes that follow from the key and the parts, without end."""
        for block in itertools.count():
            yield from self.digest(*parts, str(block))

    @property
    def fingerprint(self) -> str:
        """Eight hexadecimal digits that tell two keys apart and give none of them away."""
        return self.digest("fingerprint").hex()[:8]
