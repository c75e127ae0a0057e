"""The text of an API key: a prefix that is recognised, a secret, and a checksum.

    sgz_ 4fJ…(43 letters and digits, 256 bits)… 0aB9xZ

The checksum is there so that a mistyped key, and one that leaked into a file,
are told from other words without asking anybody. It is no secret.

Source: the format follows GitHub's tokens, whose last six digits are a CRC-32 in
    base 62: https://github.blog/2021-04-05-behind-githubs-new-authentication-token-formats/
    (read 2026-11-24).
"""

from __future__ import annotations

import hashlib
import re
import secrets
import string
import zlib

PREFIX = "sgz_"
SECRET_BYTES = 32

_DIGITS = string.digits + string.ascii_uppercase + string.ascii_lowercase
_SECRET_LENGTH = 43
_CHECKSUM_LENGTH = 6
_LENGTH = len(PREFIX) + _SECRET_LENGTH + _CHECKSUM_LENGTH
_HINT_LENGTH = len(PREFIX) + 4

_LIKE_A_KEY = re.compile(rf"{PREFIX}[0-9A-Za-z]{{16,}}", re.IGNORECASE)
"""What was meant for a key, though it may be cut or mistyped."""


def make_key_text(secret: bytes | None = None) -> str:
    """Write a new key.

    Args:
        secret: its 32 bytes; None: random ones.
    """
    number = int.from_bytes(secrets.token_bytes(SECRET_BYTES) if secret is None else secret)
    body = PREFIX + _base62(number, _SECRET_LENGTH)
    return body + _checksum(body)


def is_key_text(text: str) -> bool:
    """Tell whether *text* is written as a key is; whether it opens anything is another question.

    Example:
        >>> text = make_key_text(bytes(32))
        >>> is_key_text(text), is_key_text(text.swapcase()), is_key_text("")
        (True, False, False)
    """
    if len(text) != _LENGTH or not text.startswith(PREFIX) or not text.isascii():
        return False
    return text[-_CHECKSUM_LENGTH:] == _checksum(text[:-_CHECKSUM_LENGTH])


def digest_of(text: str) -> bytes:
    """What the store keeps in place of a key: its SHA-256. A secret of 256 random bits needs no salt."""
    return hashlib.sha256(text.encode()).digest()


def hint_of(text: str) -> str:
    """As much of a key as may be shown: it tells a person which of two keys this is.

    Example:
        >>> hint_of(make_key_text(bytes(32)))
        'sgz_0000'
    """
    return text[:_HINT_LENGTH]


def holds_key(text: str) -> bool:
    """Tell whether something in *text* was meant for a key.

    Example:
        >>> holds_key("?key=" + make_key_text()), holds_key("pallets/flask")
        (True, False)
    """
    return _LIKE_A_KEY.search(text) is not None


def _checksum(body: str) -> str:
    return _base62(zlib.crc32(body.encode()), _CHECKSUM_LENGTH)


def _base62(number: int, length: int) -> str:
    """Write a number of exactly so many digits."""
    digits = []
    for _ in range(length):
        number, digit = divmod(number, 62)
        digits.append(_DIGITS[digit])
    return "".join(reversed(digits))
